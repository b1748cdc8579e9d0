/** One master of a cluster is away: its shards are, the others are not. */
import { isAppError } from "@turnpike/domain/errors";
import type { AcceptedTurn } from "@turnpike/domain/ports/ports";
import { describe, expect, it } from "vitest";
import { clusterBackends } from "../support/backends.ts";
import type { ClusterNode } from "../support/start-cluster.ts";
import { useCluster } from "../support/use-cluster.ts";
import { waitUntil } from "../support/wait-until.ts";
import { enqueueWhenUp, idOf } from "./queue-fixture.ts";
import { turnForShard, useShards } from "./shards-fixture.ts";

const SHARDS = 4;
const each = Array.from({ length: SHARDS }, (_unused, shard) => shard);

describe.runIf(clusterBackends().length > 0)("a queue of shards whose one master is killed", () => {
  const cluster = useCluster(SHARDS);
  const queue = useShards(cluster.backend);
  const turnFor = (shard: number) => turnForShard(shard, { shards: SHARDS });

  /** Choose a master, and tell the shards that are on it from the others. */
  const chooseMaster = async (): Promise<{ node: ClusterNode; lost: number[]; kept: number[] }> => {
    const opened = await queue.openShards();
    const port = opened[0]?.port;
    const node = cluster.nodes.find(({ url }) => url.endsWith(`:${port}`));
    if (node === undefined) throw new Error(`no node has port ${port}`);
    const isLost = (shard: number): boolean => opened[shard]?.port === port;
    return { node, lost: each.filter(isLost), kept: each.filter((shard) => !isLost(shard)) };
  };

  it("refuses the sessions of its shards within seconds, takes and stores those of the others, and loses nothing", async () => {
    const producer = queue.produce();
    const inspector = queue.inspect();
    await enqueueWhenUp(producer, []);
    const { node, lost, kept } = await chooseMaster();
    const accepted: AcceptedTurn[] = [];
    const enqueue = async (turn: AcceptedTurn): Promise<void> => {
      await producer.enqueue([turn]);
      accepted.push(turn);
    };
    for (const shard of each) await enqueue(turnFor(shard));

    await node.kill();
    await waitUntil(() => queue.logged().some((line) => line.includes("redis connection")), {
      what: "it is noticed",
    });
    for (const shard of lost) {
      const began = performance.now();
      const error = await producer.enqueue([turnFor(shard)]).catch((reason: unknown) => reason);
      expect(isAppError(error, "queue_unavailable")).toBe(true);
      expect(performance.now() - began).toBeLessThan(5_000);
    }
    const done = new Set<string>();
    const consumer = queue.consume(async ({ receipt }) => void done.add(receipt));
    for (const shard of kept) {
      for (const _time of [1, 2, 3]) {
        const turn = turnFor(shard);
        // The other masters stand still for a moment, until they know that this one is gone.
        await waitUntil(() => enqueue(turn).then(() => true), { what: "the others take turns" });
      }
    }
    await waitUntil(() => done.size === kept.length * 4, { what: "the others are worked off" });
    await producer.ping();
    await consumer.ping();
    await expect(consumer.sweep()).rejects.toThrow("does not answer");
    const [held] = accepted;
    // What may lie in a shard that is away is not unknown.
    await expect(inspector.findReceipt(held?.orgId ?? "", held?.receipt ?? "")).rejects.toThrow(
      "not available",
    );
    await expect(inspector.snapshot()).rejects.toThrow("not available");

    await node.restart();
    for (const shard of lost) {
      const turn = turnFor(shard);
      await waitUntil(() => enqueue(turn).then(() => true), { what: "its shards take turns again" });
    }
    await waitUntil(() => done.size === accepted.length, { what: "its jobs are worked off too" });
    expect([...done].toSorted()).toEqual(accepted.map(({ receipt }) => receipt).toSorted());
    const { acceptedByOrg } = await inspector.snapshot();
    for (const { orgId } of accepted) expect(acceptedByOrg.get(orgId)).toBe(1);
    expect([...acceptedByOrg.values()].reduce((sum, n) => sum + n, 0)).toBe(accepted.length);
  });

  it("finds what the others hold while it is away, and works when it was away at the start", async () => {
    const { node, lost, kept } = await chooseMaster();
    const before = queue.produce();
    await enqueueWhenUp(before, []);
    const turns = each.map(turnFor);
    for (const turn of turns) await before.enqueue([turn]);
    await node.kill();
    const [producer, inspector] = [queue.produce(), queue.inspect()];
    const known = kept.map((shard) => turns[shard]);
    for (const turn of known) {
      await waitUntil(() => inspector.findReceipt(turn?.orgId ?? "", turn?.receipt ?? ""), {
        what: `${turn && idOf(turn)} is found`,
      });
    }
    const more = kept.map(turnFor);
    for (const turn of more)
      await waitUntil(() => producer.enqueue([turn]).then(() => true), { what: "the others take turns" });
    const done = new Set<string>();
    queue.consume(async ({ receipt }) => void done.add(receipt));
    await waitUntil(() => done.size === kept.length * 2, { what: "the others are worked off" });
    await node.restart();
    await waitUntil(() => done.size === kept.length * 2 + lost.length, {
      what: "its jobs are worked off too",
    });
  });

  it("goes on when all masters have been away", async () => {
    const producer = queue.produce();
    const done = new Set<string>();
    queue.consume(async ({ receipt }) => void done.add(receipt));
    await enqueueWhenUp(producer, []);
    for (const shard of each) await producer.enqueue([turnFor(shard)]);
    await waitUntil(() => done.size === SHARDS, { what: "all shards are served" });
    await Promise.all(cluster.nodes.map((node) => node.kill()));
    await waitUntil(
      () =>
        producer.ping().then(
          () => false,
          () => true,
        ),
      { what: "nobody answers" },
    );
    // Meanwhile everybody has tried in vain to find a master.
    const lines = queue.logged().length;
    await waitUntil(() => queue.logged().length > lines + 2 * SHARDS, { what: "it was tried again" });
    await Promise.all(cluster.nodes.map((node) => node.restart()));
    for (const shard of each) {
      const turn = turnFor(shard);
      await waitUntil(() => producer.enqueue([turn]).then(() => true), { what: "all take turns again" });
    }
    await waitUntil(() => done.size === 2 * SHARDS, { what: "all are served again" });
  });

  it("refuses within seconds when it hangs, and slows none of the others down", async () => {
    const { node, lost, kept } = await chooseMaster();
    const producer = queue.produce();
    await enqueueWhenUp(producer, []);
    for (const turn of each.map(turnFor)) {
      // Masters that have just started stand still for a moment, until they know of one another.
      await waitUntil(() => producer.enqueue([turn]).then(() => true), { what: "all shards take turns" });
    }
    const begun = new Set<string>();
    const consumer = queue.consume(async ({ receipt }) => void begun.add(receipt));
    await waitUntil(() => begun.size === SHARDS, { what: "all shards are served" });
    node.freeze();
    try {
      const began = performance.now();
      const error = await producer.enqueue([turnFor(lost[0] ?? 0)]).catch((reason: unknown) => reason);
      expect(isAppError(error, "queue_unavailable")).toBe(true);
      expect(performance.now() - began).toBeLessThan(5_000);
      await waitUntil(() => producer.enqueue([turnFor(kept[0] ?? 0)]).then(() => true), {
        what: "the others take turns",
      });
      const slowest = await slowestOf(10, () => producer.enqueue([turnFor(kept[0] ?? 0)]));
      expect(slowest).toBeLessThan(400);
      await waitUntil(() => begun.size === SHARDS + 11, { what: "the others are worked off" });
      const drainedAfter = performance.now();
      // Whether all of it could be told to the frozen one depends on what was on its way there.
      await consumer.drain(4_000);
      expect(performance.now() - drainedAfter).toBeLessThan(9_000);
    } finally {
      node.thaw();
    }
  });
});

async function slowestOf(times: number, act: () => Promise<void>): Promise<number> {
  let slowest = 0;
  for (let time = 0; time < times; time += 1) {
    const began = performance.now();
    await act();
    slowest = Math.max(slowest, performance.now() - began);
  }
  return slowest;
}
