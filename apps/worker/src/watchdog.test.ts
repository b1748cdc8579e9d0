import type { Activity, Backlog } from "@turnpike/queue/consumer/consumer";
import { describe, expect, it } from "vitest";
import { createWatchdog } from "./watchdog.ts";

const waiting: Backlog = { isWaiting: true, isEmpty: false };
const backingOff: Backlog = { isWaiting: false, isEmpty: false };
const empty: Backlog = { isWaiting: false, isEmpty: true };

/** A worker that does what the test says, on a clock of the test's. */
function createFixture() {
  const world = {
    now: 1_000,
    backlog: waiting as Backlog | undefined,
    activity: { lastEndedAt: 1_000, lastDoneAt: 1_000, lastBegunAt: undefined, running: 0 } as Activity,
  };
  const acts: string[] = [];
  const watchdog = createWatchdog({
    timeoutMs: 60_000,
    now: () => world.now,
    activity: () => world.activity,
    readBacklog: () => (world.backlog ? Promise.resolve(world.backlog) : Promise.reject(new Error("away"))),
    rebuild: () => Promise.resolve(void acts.push(`rebuilt at ${world.now / 1_000}`)),
    giveUp: () => void acts.push(`gave up at ${world.now / 1_000}`),
    log: { info() {}, warn() {}, error() {} },
  });
  return {
    world,
    acts,
    watchdog,
    lookFor: async (seconds: number, each: () => void = () => {}) => {
      for (let passed = 0; passed < seconds; passed += 5) {
        world.now += 5_000;
        each();
        await watchdog.look();
      }
    },
  };
}

describe("a worker whose jobs come to no end", () => {
  it("gets new connections after the time-out, and is given up after as long again", async () => {
    const { lookFor, acts } = createFixture();
    await lookFor(55);
    expect(acts).toEqual([]);
    await lookFor(65);
    expect(acts).toEqual(["rebuilt at 61", "gave up at 121"]);
  });

  it("is well again when the new connections help", async () => {
    const { world, lookFor, acts } = createFixture();
    await lookFor(60);
    await lookFor(30);
    world.activity = { ...world.activity, lastEndedAt: world.now };
    await lookFor(55);
    expect(acts).toEqual(["rebuilt at 61"]);
    await lookFor(60);
    expect(acts).toEqual(["rebuilt at 61", "rebuilt at 151"]);
  });

  it("is not given up while the queue is away; its connections are replaced again and again", async () => {
    const { world, lookFor, acts } = createFixture();
    world.backlog = undefined;
    await lookFor(180);
    expect(acts).toEqual(["rebuilt at 61", "rebuilt at 121", "rebuilt at 181"]);
    // Back at last, it has as long as ever.
    await lookFor(55);
    world.backlog = waiting;
    await lookFor(60);
    expect(acts).toHaveLength(3);
    await lookFor(5);
    expect(acts.at(-1)).toBe("gave up at 301");
  });

  it("though some have run for very long, is not left alone", async () => {
    const { world, lookFor, acts } = createFixture();
    world.activity = { ...world.activity, running: 16, lastBegunAt: world.now };
    await lookFor(115);
    expect(acts).toEqual([]);
    await lookFor(5);
    expect(acts).toEqual(["rebuilt at 121"]);
    // New ones begin on the new connections, and come to no end either.
    world.activity = { ...world.activity, lastBegunAt: world.now };
    await lookFor(120);
    expect(acts).toEqual(["rebuilt at 121", "gave up at 241"]);
  });
});

describe("a worker is left alone", () => {
  it.each([
    ["there is nothing to do", empty],
    ["all that there is waits for its next attempt", backingOff],
  ])("while %s", async (_when, backlog) => {
    const { world, lookFor, acts } = createFixture();
    world.backlog = backlog;
    await lookFor(600);
    expect(acts).toEqual([]);
  });

  it("while attempts fail, and says for how long nothing was stored", async () => {
    const { world, lookFor, acts, watchdog } = createFixture();
    await lookFor(300, () => {
      world.activity = { ...world.activity, lastEndedAt: world.now };
    });
    expect(acts).toEqual([]);
    expect(watchdog.msSinceProgress()).toBe(300_000);
    world.activity = { ...world.activity, lastDoneAt: world.now };
    expect(watchdog.msSinceProgress()).toBe(0);
    world.backlog = empty;
    await lookFor(100);
    expect(watchdog.msSinceProgress()).toBe(0);
  });
});
