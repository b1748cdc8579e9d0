import { describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { waitUntil } from "../support/wait-until.ts";
import { acceptedTurn, countUnfinished, createGate, enqueueWhenUp, idOf, useQueue } from "./queue-fixture.ts";

describe.each(queueBackends())("consumers on $name", (backend) => {
  const queue = useQueue(backend);

  it("two of them share the work, each turn handed to one of them", async () => {
    const turns = Array.from({ length: 60 }, () => acceptedTurn());
    const handled: string[][] = [[], []];
    for (const mine of handled) {
      queue.consume(
        async (_turn, { jobId }) => {
          mine.push(jobId);
          // Nobody goes on before the other has one too: no chance decides whether both get some.
          await waitUntil(() => handled.every((jobs) => jobs.length > 0), { what: "both are at work" });
        },
        { concurrency: 2 },
      );
    }
    await enqueueWhenUp(queue.produce(), turns);
    await waitUntil(async () => (await countUnfinished(queue)) === 0, { what: "the work is done" });
    expect(handled.flat().toSorted()).toEqual(turns.map(idOf).toSorted());
  });

  it("one of them runs as many turns at a time as it was told, and no more", async () => {
    const gate = createGate();
    let running = 0;
    let most = 0;
    queue.consume(
      async () => {
        running += 1;
        most = Math.max(most, running);
        await gate.opened;
        running -= 1;
      },
      { concurrency: 3 },
    );
    await enqueueWhenUp(
      queue.produce(),
      Array.from({ length: 12 }, () => acceptedTurn()),
    );
    await waitUntil(() => running === 3, { what: "three turns are running" });
    gate.open();
    await waitUntil(async () => (await countUnfinished(queue)) === 0, { what: "the work is done" });
    expect(most).toBe(3);
  });

  it("a turn whose receipt is in the queue already is not put in again", async () => {
    const producer = queue.produce();
    const turn = acceptedTurn();
    await enqueueWhenUp(producer, [turn]);
    await producer.enqueue([turn]);
    expect(await countUnfinished(queue)).toBe(1);
  });
});
