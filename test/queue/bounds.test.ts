import { randomUUID } from "node:crypto";
import { isAppError } from "@turnpike/domain/errors";
import { createProducer, DEFAULT_BOUNDS } from "@turnpike/queue/producer/producer";
import { describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { waitUntil } from "../support/wait-until.ts";
import { acceptedTurn, enqueueWhenUp, useQueue } from "./queue-fixture.ts";

const silent = { info() {}, warn() {}, error() {} };

describe.each(queueBackends())("a full queue on $name", (backend) => {
  const queue = useQueue(backend);

  const cases = [
    ["jobs", { maxJobs: 3 }, "MAX_QUEUED_JOBS, of all orgs"],
    ["bytes", { maxBytes: 3_000 }, "MAX_QUEUED_BYTES, of all orgs"],
    ["jobs_per_org", { maxJobsPerOrg: 3 }, "MAX_QUEUED_JOBS_PER_ORG, of this org"],
    ["bytes_per_org", { maxBytesPerOrg: 3_000 }, "MAX_QUEUED_BYTES_PER_ORG, of this org"],
  ] as const;

  it.each(cases)(
    "by %s takes no more, says so, and takes again when there is room",
    async (bound, some, name) => {
      const orgId = randomUUID();
      const turnOf = () => acceptedTurn(JSON.stringify({ text: "x".repeat(980) }), orgId);
      const bounds = { ...DEFAULT_BOUNDS, ...some };
      // One of them fills it, the other knows from the register.
      const producers = [0, 1].map(() => createProducer({ ...queue.location, bounds, log: silent }));
      const [one, other] = producers as [(typeof producers)[0], (typeof producers)[0]];
      await enqueueWhenUp(one, [turnOf(), turnOf(), turnOf()]);
      for (const producer of [one, other]) {
        const error = await producer.enqueue([turnOf()]).catch((reason: unknown) => reason);
        if (!isAppError(error, "queue_unavailable")) throw error;
        expect(error.message).toBe(`the queue is full: ${name}; nothing was accepted`);
        expect(error.isPublic).toBe(true);
        expect(error.retryAfterSeconds).toBeGreaterThanOrEqual(2);
        expect(producer.refusals()).toMatchObject({ [bound]: 1 });
      }
      if (bound.endsWith("per_org")) await one.enqueue([acceptedTurn()]);
      await one.ping();
      queue.consume(async () => {});
      await waitUntil(() => other.enqueue([turnOf()]).then(() => true), { what: "there is room again" });
      await Promise.all(producers.map((producer) => producer.close()));
    },
  );

  it("counts every turn of a batch, and refuses it as a whole", async () => {
    const producer = createProducer({
      ...queue.location,
      bounds: { ...DEFAULT_BOUNDS, maxJobsPerOrg: 5 },
      log: silent,
    });
    const orgId = randomUUID();
    const batchOf = (turns: number) => Array.from({ length: turns }, () => acceptedTurn(undefined, orgId));
    await enqueueWhenUp(producer, batchOf(3));
    const error = await producer.enqueue(batchOf(3)).catch((reason: unknown) => reason);
    expect(isAppError(error, "queue_unavailable")).toBe(true);
    await producer.enqueue(batchOf(2));
    await expect(producer.enqueue(batchOf(1))).rejects.toThrow("MAX_QUEUED_JOBS_PER_ORG");
    expect(producer.refusals()).toMatchObject({ jobs_per_org: 2 });
    await producer.close();
  });

  it("counts what it puts in itself at once, without asking", async () => {
    const producer = createProducer({
      ...queue.location,
      bounds: { ...DEFAULT_BOUNDS, maxJobs: 10 },
      log: silent,
    });
    await enqueueWhenUp(producer, []);
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, () => producer.enqueue([acceptedTurn()])),
    );
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(10);
    await producer.close();
  });
});
