import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createSessionWatch, type SessionNews } from "./session-watch.ts";
import type { WatchedSession } from "./watched-entry.ts";

/** A watch over a store of which the latest number is told here. */
function watchOver(store: { latest: number | undefined }) {
  let looks = 0;
  const watch = createSessionWatch((sessions: readonly WatchedSession[]): Promise<SessionNews[]> => {
    looks += 1;
    const { latest } = store;
    return Promise.resolve(
      latest === undefined ? [] : sessions.map((one) => ({ ...one, latestSequence: latest })),
    );
  });
  return { watch, looks: () => looks };
}

const of = (latestSequence: number, orgId = "org"): SessionNews[] => [
  { orgId, sessionId: "session", latestSequence },
];

/** Whether a promise settles within the time of some looks. */
const isSettled = (promise: Promise<void>, withinMs = 200): Promise<boolean> =>
  Promise.race([promise.then(() => true), sleep(withinMs, false)]);

describe("a watch of a session", () => {
  it("wakes at once at the first claim, and after a false one only once the store says so", async () => {
    const store = { latest: 5 };
    const { watch, looks } = watchOver(store);
    const watcher = watch.open("org", "session");
    watcher.begin()(5);
    const first = watcher.next(5, 10_000, undefined);
    watch.hear(of(9));
    expect(await isSettled(first, 0)).toBe(true);
    watcher.begin()(5);
    const second = watcher.next(5, 10_000, undefined);
    for (let claimed = 10; claimed < 1_000; claimed += 1) watch.hear(of(claimed));
    expect(await isSettled(second)).toBe(false);
    expect(looks()).toBeLessThanOrEqual(2);
    store.latest = 6;
    watch.hear(of(6));
    expect(await isSettled(second)).toBe(true);
    watch.close();
  });

  it("is in doubt also when claims never cease while the store is asked", async () => {
    const { watch } = watchOver({ latest: 5 });
    const watcher = watch.open("org", "session");
    watch.hear(of(100));
    for (let round = 0; round < 2; round += 1) {
      const answered = watcher.begin();
      watch.hear(of(101 + round));
      answered(5);
    }
    expect(await isSettled(watcher.next(5, 10_000, undefined))).toBe(false);
    watch.close();
  });

  it("believes the store also when it has less than before", async () => {
    const { watch } = watchOver({ latest: 2 });
    const [one, other] = [watch.open("org", "session"), watch.open("org", "session")];
    one.begin()(9);
    const [earlier, later] = [other.begin(), other.begin()];
    later(2);
    // The answer to a question from before says nothing any more.
    earlier(9);
    expect(await isSettled(other.next(2, 10_000, undefined))).toBe(false);
    watch.close();
  });

  it("does not take a claim for answered by what was asked before it", async () => {
    const { watch } = watchOver({ latest: 6 });
    const watcher = watch.open("org", "session");
    const answered = watcher.begin();
    watch.hear(of(6));
    answered(5);
    expect(await isSettled(watcher.next(5, 10_000, undefined), 0)).toBe(true);
    watch.close();
  });

  it("hears nothing of another org's session, of what is no number, or of what it knows", async () => {
    const { watch, looks } = watchOver({ latest: 5 });
    const [watcher, other] = [watch.open("org", "session"), watch.open("other", "session")];
    watcher.begin()(5);
    const waiting = watcher.next(5, 10_000, undefined);
    for (const number of [Number.NaN, 1.5, -1, 0, 5, 2 ** 53, Number.POSITIVE_INFINITY])
      watch.hear(of(number));
    watch.hear(of(9, "other"));
    expect(await isSettled(waiting)).toBe(false);
    expect(looks()).toBe(0);
    other.close();
    watch.close();
  });

  it("wakes those who wait for a session that is gone", async () => {
    const store: { latest: number | undefined } = { latest: 5 };
    const { watch } = watchOver(store);
    const watcher = watch.open("org", "session");
    watch.hear(of(9));
    watcher.begin()(5);
    store.latest = undefined;
    const waiting = watcher.next(5, 10_000, undefined);
    watch.hear(of(10));
    expect(await isSettled(waiting)).toBe(true);
    watch.close();
  });
});
