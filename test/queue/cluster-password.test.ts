import { Redis } from "ioredis";
import { beforeAll, describe, expect, it } from "vitest";
import { clusterBackends } from "../support/backends.ts";
import { useCluster } from "../support/use-cluster.ts";
import { waitUntil } from "../support/wait-until.ts";
import { enqueueWhenUp } from "./queue-fixture.ts";
import { turnForShard, useShards } from "./shards-fixture.ts";

const SHARDS = 4;
const PASSWORD = "one, two:three/four@five";

describe.runIf(clusterBackends().length > 0)("a cluster that asks for a password", () => {
  const cluster = useCluster(SHARDS);
  let redisUrl = "";
  beforeAll(async () => {
    for (const { url } of cluster.nodes) {
      const redis = new Redis(url);
      await redis.config("SET", "requirepass", PASSWORD);
      redis.disconnect();
    }
    const [first = "", ...others] = cluster.nodes.map(({ url }) => url);
    redisUrl = [first.replace("redis://", `redis://:${encodeURIComponent(PASSWORD)}@`), ...others].join(",");
  });
  const queue = useShards(() => ({ ...cluster.backend(), redisUrl }));

  it("is given that of the first URL, by every client and at every node", async () => {
    const producer = queue.produce();
    const done = new Set<string>();
    queue.consume(async ({ receipt }) => void done.add(receipt));
    await enqueueWhenUp(producer, []);
    for (let shard = 0; shard < SHARDS; shard += 1)
      await producer.enqueue([turnForShard(shard, { shards: SHARDS })]);
    await waitUntil(() => done.size === SHARDS, { what: "all shards are served" });
    expect(new Set((await queue.openShards()).map(({ port }) => port)).size).toBe(3);
  });
});
