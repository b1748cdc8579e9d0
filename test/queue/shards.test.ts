/** A queue of four shards on three masters is one queue. */
import { randomUUID } from "node:crypto";
import { isAppError } from "@turnpike/domain/errors";
import { INGEST_TURN, jobIdOf, writeJob } from "@turnpike/queue/job/payload";
import { writeDeadJob } from "@turnpike/queue/job/dead-job";
import { createProducer, DEFAULT_BOUNDS } from "@turnpike/queue/producer/producer";
import { chooseShard } from "@turnpike/queue/shards/shards";
import { describe, expect, it } from "vitest";
import { clusterBackends } from "../support/backends.ts";
import { waitUntil } from "../support/wait-until.ts";
import { acceptedTurn, createGate, enqueueWhenUp, idOf } from "./queue-fixture.ts";
import { turnForShard, useShards } from "./shards-fixture.ts";

const LARGE_BODY = JSON.stringify({ text: "x".repeat(9_000_000) });

const [cluster] = clusterBackends();

describe.skipIf(cluster === undefined)("a queue of shards on a cluster", () => {
  const backend = cluster ?? { name: "cluster", redisUrl: "", shards: 4 };
  const queue = useShards(() => backend);
  const { shards: count } = backend;
  const each = Array.from({ length: count }, (_unused, shard) => shard);
  const oneEach = (body?: string, orgId?: string) =>
    each.map((shard) => turnForShard(shard, backend, body, orgId));

  it("keeps a session in one shard, and has its shards on all masters", async () => {
    const producer = queue.produce();
    const groups = [1, 2, 3, 4, 5, 6].flatMap(() => oneEach().map(({ group }) => group));
    const turns = groups.flatMap((group) => [1, 2, 3].map(() => ({ ...acceptedTurn(), group })));
    await enqueueWhenUp(producer, []);
    await Promise.all(turns.map((turn) => producer.enqueue([turn])));
    const opened = await queue.openShards();
    expect(new Set(opened.map(({ port }) => port)).size).toBe(3);
    for (const [shard, { jobIds }] of opened.entries()) {
      const expected = turns.filter(({ group }) => chooseShard(group, count) === shard).map(idOf);
      expect((await jobIds()).toSorted()).toEqual(expected.toSorted());
      expect(expected.length).toBeGreaterThan(0);
    }
  });

  it("keeps a batch together, whatever sessions it is of; a turn without a session goes by its receipt", async () => {
    const producer = queue.produce();
    const batch = [...oneEach(), ...oneEach()];
    await enqueueWhenUp(producer, batch.toReversed());
    const lone = acceptedTurn();
    await producer.enqueue([lone]);
    const held = await Promise.all((await queue.openShards()).map(({ jobIds }) => jobIds()));
    expect(held[count - 1]?.filter((id) => id !== idOf(lone)).toSorted()).toEqual(batch.map(idOf).toSorted());
    expect(held[chooseShard(lone.receipt, count)]).toContain(idOf(lone));
  });

  it("is worked off as a whole, by one consumer that is told to take a few at a time", async () => {
    const producer = queue.produce();
    const turns = each.flatMap(() => oneEach());
    await enqueueWhenUp(producer, []);
    for (const turn of turns) await producer.enqueue([turn]);
    let [running, most] = [0, 0];
    const taken: string[] = [];
    const consumer = queue.consume(async ({ receipt }) => {
      running += 1;
      most = Math.max(most, running);
      await waitUntil(() => most >= 4, { what: "as many as may run at once do" });
      await new Promise((resolve) => setTimeout(resolve, 30));
      running -= 1;
      taken.push(receipt);
    });
    const inspector = queue.inspect();
    await waitUntil(async () => (await inspector.load()).jobs === 0, { what: "the queue is empty" });
    expect(taken.toSorted()).toEqual(turns.map(({ receipt }) => receipt).toSorted());
    expect(most).toBe(4);
    expect(consumer.activity()).toMatchObject({ completed: turns.length, running: 0 });
    expect(await consumer.sweep()).toMatchObject({ ran: true, released: 0, adopted: 0 });
  });

  it("works on one large body at a time, whichever shards they lie in", async () => {
    const producer = queue.produce();
    await enqueueWhenUp(producer, []);
    for (const turn of oneEach(LARGE_BODY)) await producer.enqueue([turn]);
    let [running, most, done] = [0, 0, 0];
    queue.consume(async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 50));
      running -= 1;
      done += 1;
    });
    await waitUntil(() => done === count, { what: "all are done" });
    expect(most).toBe(1);
  });

  it("knows each receipt, whichever shard it is in, and says how full all of it is", async () => {
    const orgId = randomUUID();
    const body = JSON.stringify({ text: "x".repeat(100) });
    const producer = queue.produce();
    const turns = [...oneEach(body, orgId), ...oneEach(body, orgId), acceptedTurn(body)];
    await enqueueWhenUp(producer, []);
    for (const turn of turns) await producer.enqueue([turn]);
    const inspector = queue.inspect();
    await waitUntil(() => inspector.load(), { what: "the queue answers" });
    for (const turn of turns) {
      expect(await inspector.findReceipt(turn.orgId, turn.receipt)).toEqual({ state: "queued", attempts: 0 });
      expect(await inspector.findReceipt(randomUUID(), turn.receipt)).toBeUndefined();
    }
    const { acceptedByOrg, jobIds } = await inspector.snapshot();
    expect(acceptedByOrg.get(orgId)).toBe(count * 2);
    expect(jobIds.toSorted()).toEqual(turns.map(idOf).toSorted());
    const load = await inspector.load();
    expect(load).toMatchObject({ jobs: turns.length, bytes: turns.length * body.length });
    expect(load.byOrg.get(orgId)).toEqual({ jobs: count * 2, bytes: count * 2 * body.length });
    expect(load.states).toMatchObject({ waiting: turns.length, failed: 0 });
    expect(load.oldestAcceptedAt).toBe("2026-11-21T07:10:00.000Z");
  });

  it("is full when all shards together are, for who filled it and for others", async () => {
    const bounds = { ...DEFAULT_BOUNDS, maxJobs: count };
    const [one, other] = [queue.produce({ bounds }), queue.produce({ bounds })];
    await enqueueWhenUp(one, []);
    await enqueueWhenUp(other, []);
    for (const turn of oneEach()) await one.enqueue([turn]);
    for (const producer of [one, other]) {
      for (const turn of oneEach()) {
        const error = await producer.enqueue([turn]).catch((reason: unknown) => reason);
        expect(isAppError(error, "queue_unavailable") && error.message).toBe(
          "the queue is full: MAX_QUEUED_JOBS, of all orgs; nothing was accepted",
        );
      }
    }
  });

  it("is full of one org when all shards together are", async () => {
    const producer = queue.produce({ bounds: { ...DEFAULT_BOUNDS, maxJobsPerOrg: count } });
    const orgId = randomUUID();
    await enqueueWhenUp(producer, []);
    for (const turn of oneEach(undefined, orgId)) await producer.enqueue([turn]);
    for (const turn of oneEach(undefined, orgId))
      await expect(producer.enqueue([turn])).rejects.toThrow("MAX_QUEUED_JOBS_PER_ORG");
    for (const turn of oneEach(undefined, randomUUID())) await producer.enqueue([turn]);
  });

  it("takes a dead letter's job back into the same shard each time", async () => {
    const producer = queue.produce();
    await enqueueWhenUp(producer, []);
    const turn = acceptedTurn();
    const job = await writeJob(INGEST_TURN, turn, "tight");
    const dead = await writeDeadJob(job, () => Promise.resolve(job.payload));
    for (const _time of [1, 2]) await producer.replay(turn.orgId, turn.receipt, dead.job);
    const shard = chooseShard(jobIdOf(turn.orgId, turn.receipt), count);
    const held = await Promise.all((await queue.openShards()).map(({ jobIds }) => jobIds()));
    expect(held).toEqual(each.map((other) => (other === shard ? [idOf(turn)] : [])));
    const snapshot = await queue.inspect().snapshot();
    expect(snapshot.acceptedByOrg.get(turn.orgId)).toBeUndefined();
  });

  it("is drained as a whole: what runs in any shard ends or is given back", async () => {
    const producer = queue.produce();
    const turns = oneEach();
    await enqueueWhenUp(producer, []);
    for (const turn of turns) await producer.enqueue([turn]);
    const gate = createGate();
    const begun = new Set<string>();
    const quick = turns[0]?.receipt;
    const consumer = queue.consume(async ({ receipt }) => {
      begun.add(receipt);
      if (receipt !== quick) await gate.opened;
    });
    await waitUntil(() => begun.size === count, { what: "one runs in each shard" });
    expect(await consumer.drain(3_000)).toBe(true);
    gate.open();
    expect(consumer.activity()).toMatchObject({ completed: 1, givenBack: count - 1, running: 0 });
    const again = new Set<string>();
    queue.consume(async ({ receipt }) => void again.add(receipt));
    await waitUntil(() => again.size === count - 1, { what: "another takes them", timeoutMs: 5_000 });
  });

  it("warns when a worker serves fewer shards than there are, and loses nothing", async () => {
    const producer = queue.produce();
    const turns = oneEach();
    await enqueueWhenUp(producer, []);
    for (const turn of turns) await producer.enqueue([turn]);
    const taken = new Set<string>();
    const fewer = queue.consume(async ({ receipt }) => void taken.add(receipt), {
      location: { ...queue.location, shards: 2 },
    });
    await waitUntil(() => taken.size === 2, { what: "two shards are served" });
    await fewer.sweep();
    expect(queue.logged().filter((line) => line.includes("shards_not_served"))).toEqual([
      expect.stringContaining('"served":2,"noted":4'),
    ]);
    queue.consume(async ({ receipt }) => void taken.add(receipt));
    await waitUntil(() => taken.size === count, { what: "the rest is served" });
  });

  it("is found by the URL of any one node", async () => {
    for (const redisUrl of backend.redisUrl.split(",")) {
      const producer = createProducer({
        ...queue.location,
        redisUrl,
        log: { info() {}, warn() {}, error() {} },
      });
      await enqueueWhenUp(producer, oneEach());
      await producer.close();
    }
    expect((await queue.inspect().snapshot()).jobIds).toHaveLength(3 * count);
  });

  it("cannot have one shard only; the log says what to set", async () => {
    const lines: string[] = [];
    const write = (facts: object): void => void lines.push(JSON.stringify(facts));
    const producer = createProducer({
      ...queue.location,
      shards: 1,
      log: { info: write, warn: write, error: write },
    });
    await expect(producer.ping()).rejects.toThrow("not available");
    expect(lines.join()).toContain("QUEUE_SHARDS must be 2 or more");
    await producer.close();
  });
});
