/** Writers are killed in the middle of their transactions; numbers stay without a gap, and never appear below a reader. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { useEventStore } from "../support/event-store-fixture.ts";
import { useProcesses } from "../support/spawn.ts";
import { waitUntil } from "../support/wait-until.ts";

const KILLS = 50;
const WRITERS = 5;

const store = useEventStore();
const processes = useProcesses();

it("a writer killed in a transaction 50 times leaves no gap, and no number appears below one that was seen", async () => {
  const org = randomUUID();
  const { sessionId } = await store().flush({
    orgId: org,
    session: {
      harnessId: "claude",
      harnessSessionId: "killed",
      parent: undefined,
      authSubject: "",
      harnessVersion: undefined,
      cwd: undefined,
      name: undefined,
      metadata: {},
    },
    events: [],
  });

  let isWriting = true;
  const seen: number[] = [];
  const reading = (async () => {
    for (let hasMore = true; isWriting || hasMore;) {
      const events = await store().get(org, sessionId, { after: seen.at(-1) ?? 0, limit: 100 });
      seen.push(...events.map((event) => event.sequence));
      hasMore = events.length > 0;
    }
  })();

  const startWriter = async () => {
    const writer = processes.start(new URL("../support/append-forever.ts", import.meta.url), {
      args: [store.url(), org, sessionId],
    });
    await writer.waitForLine(/ready/);
    return writer;
  };
  let kills = 0;
  const killing = Array.from({ length: WRITERS }, async () => {
    while (kills < KILLS) {
      kills += 1;
      const writer = await startWriter();
      const before = await store().latestSequence(org, sessionId);
      await waitUntil(async () => (await store().latestSequence(org, sessionId)) > before, {
        what: "it writes",
      });
      // At any point of whatever it does then.
      await sleep(Math.random() * 20);
      await writer.kill("SIGKILL");
    }
  });
  await Promise.all(killing);
  isWriting = false;
  await reading;

  const latest = await store().latestSequence(org, sessionId);
  expect(latest).toBeGreaterThan(KILLS);
  // A number that appeared below the reader's cursor would be missing here.
  expect(seen).toEqual(Array.from({ length: latest }, (_unused, index) => index + 1));
}, 180_000);
