import { isAppError } from "@turnpike/domain/errors";
import { within } from "@turnpike/async/timeout";
import { describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { untilUp, waitUntil } from "../support/wait-until.ts";
import { acceptedTurn, countUnfinished, createGate, enqueueWhenUp, idOf, useQueue } from "./queue-fixture.ts";

const SOON_MS = 6_000;

describe.each(queueBackends())("a consumer on $name", (backend) => {
  const queue = useQueue(backend);

  const putIn = async (count: number): Promise<string[]> => {
    const turns = Array.from({ length: count }, () => acceptedTurn());
    await enqueueWhenUp(queue.produce(), turns);
    return turns.map(idOf);
  };
  const isEmpty = () =>
    waitUntil(async () => (await countUnfinished(queue)) === 0, {
      what: "every job has come to its end",
      timeoutMs: 40_000,
    });

  it.each(["refuses", "hangs"])("built while its backend %s starts working when it is there", async (how) => {
    await (how === "refuses" ? queue.proxy.stop() : queue.proxy.hang());
    const handled = new Set<string>();
    const consumer = queue.consume(
      async (_turn, { jobId }) => {
        handled.add(jobId);
      },
      { location: queue.proxied },
    );
    const error = await consumer.ping().catch((reason: unknown) => reason);
    expect(isAppError(error, "queue_unavailable")).toBe(true);
    const ids = await putIn(3);
    await queue.proxy.resume();
    await isEmpty();
    expect(handled).toEqual(new Set(ids));
    await consumer.ping();
  });

  it("idle when its connections are reset takes the next turn", async () => {
    const handled = new Set<string>();
    const consumer = queue.consume(
      async (_turn, { jobId }) => {
        handled.add(jobId);
      },
      { location: queue.proxied },
    );
    await untilUp(consumer, "the consumer is up");
    for (let round = 1; round <= 3; round += 1) {
      queue.proxy.cut();
      await putIn(1);
      // A turn whose hand-out was on the connection that is lost waits for its lock (15 s) and the check of locks (5 s).
      await waitUntil(() => handled.size === round, { what: `turn ${round} is handled`, timeoutMs: 35_000 });
    }
  }, 120_000);

  it("loses its backend in the middle of a backlog, and works it off once that is back", async () => {
    const ids = await putIn(200);
    const handled = new Set<string>();
    queue.consume(
      async (_turn, { jobId }) => {
        handled.add(jobId);
      },
      { location: queue.proxied },
    );
    await waitUntil(() => handled.size > 20, { what: "it is at work" });
    await queue.proxy.stop();
    expect(handled.size).toBeLessThan(ids.length);
    await queue.proxy.resume();
    await waitUntil(() => handled.size === ids.length, { what: "every turn was handled", timeoutMs: 40_000 });
    expect(await queue.countJobs()).toMatchObject({ failed: 0 });
  });

  it("whose server drops every connection for a while does not storm it", async () => {
    const ids = await putIn(200);
    const handled = new Set<string>();
    queue.consume(
      async (_turn, { jobId }) => {
        handled.add(jobId);
      },
      { location: queue.proxied },
    );
    await waitUntil(() => handled.size > 20, { what: "it is at work" });
    const before = queue.proxy.taken();
    queue.proxy.drop();
    // A rest between two attempts of each connection, instead of thousands of them.
    const patience = Date.now() + 2_000;
    await waitUntil(() => Date.now() > patience, { what: "two seconds are over" });
    expect(queue.proxy.taken() - before).toBeLessThan(200);
    await queue.proxy.resume();
    await waitUntil(() => handled.size === ids.length, { what: "every turn was handled", timeoutMs: 40_000 });
  });

  it("finishes a turn whose handler runs while the connections are lost", async () => {
    const [id] = await putIn(1);
    const gate = createGate();
    const handled: string[] = [];
    queue.consume(
      async (_turn, { jobId }) => {
        handled.push(jobId);
        await gate.opened;
      },
      { location: queue.proxied },
    );
    await waitUntil(() => handled.length === 1, { what: "the handler runs" });
    queue.proxy.cut();
    gate.open();
    await isEmpty();
    // At least once: one whose end could not be told is handed out again.
    expect(new Set(handled)).toEqual(new Set([id]));
    expect(await queue.countJobs()).toMatchObject({ failed: 0 });
  });

  it("drained while its backend is away ends at once", async () => {
    await queue.proxy.stop();
    const consumer = queue.consume(async () => {}, { location: queue.proxied });
    await expect(within(consumer.drain(60_000), SOON_MS, () => new Error("hangs"))).resolves.toBe(true);
    await queue.proxy.resume();
    const [id] = await putIn(1);
    expect(await queue.dump()).toContain(id);
    expect(await countUnfinished(queue)).toBe(1);
  });

  it.each(["goes away", "hangs"])("drained after its backend %s ends within the deadline", async (how) => {
    const consumer = queue.consume(async () => {}, { location: queue.proxied });
    await untilUp(consumer, "the consumer is up");
    await (how === "goes away" ? queue.proxy.stop() : queue.proxy.hang());
    await within(consumer.drain(1_000), SOON_MS, () => new Error("drain hangs"));
  });
});
