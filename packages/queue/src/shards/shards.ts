/**
 * Shards: queues of their own that together are one. All keys of a shard begin with its prefix, a hash tag, so on a Redis Cluster
 * they lie in one slot, hence on one master. What belongs together goes into one shard, for locality only: nothing depends on it.
 */
import { createHash } from "node:crypto";
import type { QueueLocation } from "../backend/backend.ts";

/**
 * List the shards of a queue, each a queue with a prefix of its own. A queue of one shard is the one without shards, under
 * the plain prefix; on Postgres there is no other.
 */
export function listShards<L extends QueueLocation>(location: L): [first: L, ...others: L[]] {
  const { prefix, redisUrl, shards = 1 } = location;
  if (redisUrl === undefined || shards === 1) return [location];
  const at = (shard: number): L => ({ ...location, prefix: shardPrefix(prefix, shard), shards: 1 });
  return [at(0), ...Array.from({ length: shards - 1 }, (_unused, index) => at(index + 1))];
}

/** The prefix of a shard: `{turnpike:3}`. */
export function shardPrefix(prefix: string, shard: number): string {
  return `{${prefix}:${shard}}`;
}

/**
 * Choose the shard of what belongs together: the first four bytes of the SHA-256 of its name, as a big-endian number, modulo the
 * number of shards.
 */
export function chooseShard(group: string, shards: number): number {
  if (shards === 1) return 0;
  return createHash("sha256").update(group).digest().readUInt32BE(0) % shards;
}
