/** How many shards producers have put jobs into, noted in the first one. */
import type { Redis } from "ioredis";
import { INGEST_QUEUE } from "../../job/payload.ts";

const NOTE = `
if tonumber(redis.call("GET", KEYS[1]) or "0") < tonumber(ARGV[1]) then redis.call("SET", KEYS[1], ARGV[1]) end
return 1
`;

/** Note a number, unless a higher one is there. */
export async function noteShards(redis: Redis, firstPrefix: string, shards: number): Promise<void> {
  await redis.eval(NOTE, 1, shardCountKey(firstPrefix), shards);
}

/** The number that is noted; 0 when there is none. */
export async function readNotedShards(redis: Redis, firstPrefix: string): Promise<number> {
  return Number((await redis.get(shardCountKey(firstPrefix))) ?? 0);
}

/** Where it is noted, by the prefix of the first shard. */
export function shardCountKey(firstPrefix: string): string {
  return `${firstPrefix}:${INGEST_QUEUE}-register:shards`;
}
