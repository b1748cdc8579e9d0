/** The slot of a shard moves to another master, as it does when a replica takes over: clients that are connected go with it. */
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { clusterBackends } from "../support/backends.ts";
import { useCluster } from "../support/use-cluster.ts";
import { waitUntil } from "../support/wait-until.ts";
import { enqueueWhenUp } from "./queue-fixture.ts";
import { turnForShard, useShards } from "./shards-fixture.ts";
import { shardPrefix } from "@turnpike/queue/shards/shards";

const SHARDS = 4;

describe.runIf(clusterBackends().length > 0)("a shard whose slot moves to another master", () => {
  const cluster = useCluster(SHARDS);
  const queue = useShards(cluster.backend);
  const turn = () => turnForShard(0, { shards: SHARDS });

  it("takes turns and is worked off there, by the same producer and consumer", async () => {
    const producer = queue.produce();
    const done = new Set<string>();
    const consumer = queue.consume(async ({ receipt }) => void done.add(receipt));
    await enqueueWhenUp(producer, [turn()]);
    await waitUntil(() => done.size === 1, { what: "it is worked off where it was" });
    const inspector = queue.inspect();
    await waitUntil(async () => (await inspector.load()).jobs === 0, { what: "it is empty" });
    const [before] = await queue.openShards();

    const from = cluster.nodes.find(({ url }) => url.endsWith(`:${before?.port}`))?.url ?? "";
    const to = cluster.nodes.find(({ url }) => url !== from)?.url ?? "";
    await moveSlot(shardPrefix(queue.location.prefix, 0), from, to);

    await waitUntil(() => producer.enqueue([turn()]).then(() => true), { what: "it takes turns" });
    await waitUntil(() => done.size === 2, { what: "it is worked off where it is now" });
    const [after] = await queue.openShards();
    expect(after?.port).toBe(Number(new URL(to).port));
    await waitUntil(async () => (await inspector.load()).jobs === 0, { what: "it is empty again" });
    const { acceptedByOrg } = await inspector.snapshot();
    expect([...acceptedByOrg.values()]).toEqual([1, 1]);
    expect(await consumer.drain(5_000)).toBe(true);
  });
});

/** Move the slot of a key with all that is in it. */
async function moveSlot(key: string, fromUrl: string, toUrl: string): Promise<void> {
  const [from, to] = [new Redis(fromUrl), new Redis(toUrl)];
  const { hostname, port } = new URL(toUrl);
  try {
    const slot = await from.cluster("KEYSLOT", key);
    const [fromId, toId] = await Promise.all([from.cluster("MYID"), to.cluster("MYID")]);
    await to.call("CLUSTER", "SETSLOT", slot, "IMPORTING", fromId);
    await from.call("CLUSTER", "SETSLOT", slot, "MIGRATING", toId);
    for (;;) {
      const keys = (await from.call("CLUSTER", "GETKEYSINSLOT", slot, 100)) as string[];
      if (keys.length === 0) break;
      await from.call("MIGRATE", hostname, port, "", 0, 5_000, "KEYS", ...keys);
    }
    for (const node of [to, from]) await node.call("CLUSTER", "SETSLOT", slot, "NODE", toId);
  } finally {
    from.disconnect();
    to.disconnect();
  }
}
