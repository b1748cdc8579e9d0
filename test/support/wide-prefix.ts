import { randomUUID } from "node:crypto";
import { shardPrefix } from "@turnpike/queue/shards/shards";
import { Redis } from "ioredis";
import type { ClusterBackend } from "./backends.ts";

const SLOTS = 16_384;
const MASTERS = 3;

/** Find a prefix of a test's own whose shards lie on all three masters, which have the slots in equal parts. */
export async function findWidePrefix({ redisUrl, shards }: ClusterBackend): Promise<string> {
  const [url = ""] = redisUrl.split(",");
  const redis = new Redis(url);
  const masterOf = async (key: string): Promise<number> =>
    Math.floor(((await redis.cluster("KEYSLOT", key)) * MASTERS) / SLOTS);
  try {
    for (;;) {
      const prefix = `test-${randomUUID()}`;
      const keys = Array.from({ length: shards }, (_unused, shard) => shardPrefix(prefix, shard));
      if (new Set(await Promise.all(keys.map(masterOf))).size === MASTERS) return prefix;
    }
  } finally {
    redis.disconnect();
  }
}
