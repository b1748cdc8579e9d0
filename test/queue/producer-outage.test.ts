import { isAppError } from "@turnpike/domain/errors";
import { INGEST_TURN, writeJob } from "@turnpike/queue/job/payload";
import { sendAlone } from "@turnpike/queue/job/job-batch";
import { createQueueClient } from "@turnpike/queue/backend/queue-client";
import { within } from "@turnpike/async/timeout";
import { describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { waitUntil } from "../support/wait-until.ts";
import { acceptedTurn, countUnfinished, enqueueWhenUp, useQueue } from "./queue-fixture.ts";
import { largeTurn } from "./register-fixture.ts";

// How long a request may be kept waiting by a queue that is away.
const A_FEW_SECONDS_MS = 6_000;

/** Expect a call to fail soon, with a code that a client is answered 503 for. */
async function expectUnavailable(call: Promise<unknown>): Promise<void> {
  const error = await within(call, A_FEW_SECONDS_MS, () => new Error("still waiting")).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(isAppError(error, "queue_unavailable"), String(error)).toBe(true);
}

describe.each(queueBackends())("a producer on $name", (backend) => {
  const queue = useQueue(backend);

  it("whose backend is away at the start fails soon, and works by itself once it appears", async () => {
    await queue.proxy.stop();
    const producer = queue.produce(queue.proxied);
    await expectUnavailable(producer.enqueue([acceptedTurn()]));
    await expectUnavailable(producer.ping());
    await queue.proxy.resume();
    await enqueueWhenUp(producer, [acceptedTurn()]);
    expect(await countUnfinished(queue)).toBe(1);
  });

  it("whose backend hangs at the start fails soon, and works by itself once it answers", async () => {
    queue.proxy.hang();
    const producer = queue.produce(queue.proxied);
    await expectUnavailable(producer.enqueue([acceptedTurn()]));
    await queue.proxy.resume();
    await enqueueWhenUp(producer, [acceptedTurn()]);
    expect(await countUnfinished(queue)).toBe(1);
  });

  it("whose backend goes away fails soon, and recovers", async () => {
    const producer = queue.produce(queue.proxied);
    await enqueueWhenUp(producer, [acceptedTurn()]);
    await queue.proxy.stop();
    await expectUnavailable(producer.enqueue([acceptedTurn()]));
    await expectUnavailable(producer.ping());
    await queue.proxy.resume();
    await enqueueWhenUp(producer, [acceptedTurn()]);
    expect(await countUnfinished(queue)).toBe(2);
  });

  it("whose backend hangs fails soon, and recovers", async () => {
    const producer = queue.produce(queue.proxied);
    await enqueueWhenUp(producer, [acceptedTurn()]);
    queue.proxy.hang();
    await expectUnavailable(producer.enqueue([acceptedTurn()]));
    await expectUnavailable(producer.ping());
    await queue.proxy.resume();
    await enqueueWhenUp(producer, [acceptedTurn()]);
    expect(await countUnfinished(queue)).toBeGreaterThanOrEqual(2);
  });

  it("does not begin what was given up before it was its turn", async () => {
    const client = createQueueClient({ ...queue.location, log: { info() {}, warn() {}, error() {} } });
    const job = sendAlone({ ...(await writeJob(INGEST_TURN, largeTurn(), "roomy")), priority: 0 });
    const add = (signal: AbortSignal) =>
      client.use(A_FEW_SECONDS_MS, ({ backend, queue: open }) =>
        backend.addJobs(open, queue.location.prefix, [job], { counts: true, signal }),
      );
    await expectUnavailable(add(AbortSignal.abort()));
    expect(await countUnfinished(queue)).toBe(0);
    await add(new AbortController().signal);
    expect(await countUnfinished(queue)).toBe(1);
    await client.close();
  });

  it("whose connections are reset again and again takes turns in between, all of them durable", async () => {
    const producer = queue.produce(queue.proxied);
    const turns = Array.from({ length: 10 }, () => acceptedTurn());
    for (const turn of turns) {
      queue.proxy.cut();
      await waitUntil(
        async () => {
          await producer.enqueue([turn]);
          return true;
        },
        { what: "the turn is taken" },
      );
    }
    // A turn that was taken and not confirmed is sent again under the same receipt.
    expect(await countUnfinished(queue)).toBe(turns.length);
  });

  it("that is closed while its backend is away keeps nothing open", async () => {
    await queue.proxy.stop();
    const producer = queue.produce(queue.proxied);
    await within(producer.close(), A_FEW_SECONDS_MS, () => new Error("close hangs"));
    await queue.proxy.resume();
    await expectUnavailable(producer.ping());
    expect(queue.proxy.connections()).toBe(0);
  });

  it("says once that its backend is away and once that it is back, and names no address", async () => {
    await queue.proxy.stop();
    const producer = queue.produce(queue.proxied);
    await expectUnavailable(producer.enqueue([acceptedTurn()]));
    await queue.proxy.resume();
    await enqueueWhenUp(producer, []);
    const said = queue.logged().filter((line) => /reachable/.test(line));
    expect(said).toHaveLength(2);
    expect(queue.logged().join("\n")).not.toContain(new URL(queue.proxy.url).port);
  });
});
