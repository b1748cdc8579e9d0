import { within } from "@turnpike/async/timeout";
import { describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { untilUp, waitUntil } from "../support/wait-until.ts";
import { acceptedTurn, createGate, enqueueWhenUp, idOf, useQueue } from "./queue-fixture.ts";

describe.each(queueBackends())("draining a consumer on $name", (backend) => {
  const queue = useQueue(backend);

  const startOne = async (turns: number) => {
    const put = Array.from({ length: turns }, () => acceptedTurn());
    await enqueueWhenUp(queue.produce(), put);
    const gate = createGate();
    const started: string[] = [];
    const consumer = queue.consume(
      async (_turn, { jobId }) => {
        started.push(jobId);
        await gate.opened;
      },
      { concurrency: 1 },
    );
    await waitUntil(() => started.length === 1, { what: "the first turn is running" });
    return { consumer, gate, started, ids: put.map(idOf) };
  };

  it("waits for the running turn, takes no other, and leaves the rest to others", async () => {
    const { consumer, gate, started, ids } = await startOne(3);
    let hasEnded = false;
    const drained = consumer.drain(20_000).finally(() => {
      hasEnded = true;
    });
    // Two answers of the queue later it would have ended, if it did not wait.
    await queue.countJobs();
    await queue.countJobs();
    expect(hasEnded).toBe(false);
    gate.open();
    expect(await drained).toBe(true);
    expect(started).toHaveLength(1);
    expect(await queue.countJobs()).toMatchObject({ waiting: 2, active: 0, failed: 0, delayed: 0 });
    const elsewhere = new Set<string>();
    queue.consume(async (_turn, { jobId }) => {
      elsewhere.add(jobId);
    });
    await waitUntil(() => elsewhere.size === 2, { what: "the others are handled elsewhere" });
    expect([...started, ...elsewhere].toSorted()).toEqual(ids.toSorted());
  });

  it("gives back in time what has not ended, and it runs elsewhere at once, its attempts as before", async () => {
    const { consumer, gate, ids } = await startOne(1);
    const elsewhere: string[] = [];
    const other = queue.consume(async (_turn, { jobId, attempt }) => {
      elsewhere.push(`${jobId} ${attempt}`);
    });
    await untilUp(other, "the other one is up");
    expect(await within(consumer.drain(1_000), 8_000, () => new Error("drain hangs"))).toBe(true);
    // Long before its lock has run out.
    await waitUntil(() => elsewhere.length > 0, { what: "the turn runs again", timeoutMs: 2_000 });
    expect(elsewhere).toEqual([`${ids[0]} 1`]);
    // The first handler ends at last: it has nothing to say any more.
    gate.open();
    await waitUntil(async () => (await queue.countJobs())["active"] === 0, { what: "the turn is done" });
    expect(await queue.countJobs()).toMatchObject({ waiting: 0, failed: 0, delayed: 0 });
  });

  it("can be asked for twice", async () => {
    const { consumer, gate } = await startOne(1);
    const both = [consumer.drain(20_000), consumer.drain(20_000)];
    gate.open();
    expect(await Promise.all(both)).toEqual([true, true]);
  });

  it("an idle one ends at once, and leaves no connection", async () => {
    const consumer = queue.consume(async () => {}, { location: queue.proxied });
    await untilUp(consumer, "the consumer is up");
    expect(await within(consumer.drain(60_000), 8_000, () => new Error("drain hangs"))).toBe(true);
    await waitUntil(() => queue.proxy.connections() === 0, { what: "every connection is closed" });
  });
});
