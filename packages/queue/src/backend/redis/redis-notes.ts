import type { Redis } from "ioredis";
import { INGEST_QUEUE } from "../../job/payload.ts";
import { shardCountKey } from "./shard-note.ts";
import { shardPrefix } from "../../shards/shards.ts";
import type { QueueNote, QueueNotes } from "../../marker/queue-note.ts";

// KEYS: 1 the marker, 2 the number of shards. ARGV: 1 generation, 2 what it replaces, 3 time, 4 shards. Of another generation the
// number of shards is forgotten: so a queue may come to have fewer.
const CLAIM = `
local there = redis.call("HGET", KEYS[1], "generation")
if not there or there == ARGV[1] or there == ARGV[2] then
  if there ~= ARGV[1] then
    if there then redis.call("DEL", KEYS[2]) end
    redis.call("HSET", KEYS[1], "generation", ARGV[1], "replaces", ARGV[2], "writtenAt", ARGV[3])
    redis.call("HDEL", KEYS[1], "refusedAt")
  end
  local shards = tonumber(ARGV[4])
  if shards > 1 and tonumber(redis.call("GET", KEYS[2]) or "0") < shards then redis.call("SET", KEYS[2], shards) end
end
return 1
`;

const REFUSE = `
if redis.call("HEXISTS", KEYS[1], "generation") == 0 then redis.call("HSETNX", KEYS[1], "refusedAt", ARGV[1]) end
return 1
`;

/** Get at the marker of a queue on Redis: a hash beside the register, and the number of shards beside that. */
export function createRedisNotes(
  redis: Redis,
  { prefix, shards }: { readonly prefix: string; readonly shards: number },
): QueueNotes {
  const withShards = shardPrefix(prefix, 0);
  const [own, other] = shards > 1 ? [withShards, prefix] : [prefix, withShards];
  const keys = [markerKey(own), shardCountKey(own)] as const;
  const read = async (): Promise<QueueNote> => {
    const [marker, count, sibling] = await Promise.all([
      redis.hgetall(keys[0]),
      redis.get(keys[1]),
      // On a cluster it may lie on another node.
      redis.options.Connector === undefined ? redis.hexists(markerKey(other), "generation") : 0,
    ]);
    return {
      generation: marker["generation"],
      replaces: marker["replaces"] === "" ? undefined : marker["replaces"],
      shards: Math.max(1, Number(count ?? 0)),
      isRefused: marker["refusedAt"] !== undefined,
      hasSibling: sibling === 1,
    };
  };
  return {
    read,
    async claim({ generation, replaces, shards }) {
      const args = [generation, replaces ?? "", new Date().toISOString(), shards];
      await redis.eval(CLAIM, 2, ...keys, ...args);
      return read();
    },
    async refuse() {
      await redis.eval(REFUSE, 1, keys[0], new Date().toISOString());
    },
  };
}

function markerKey(prefix: string): string {
  return `${prefix}:${INGEST_QUEUE}-register:marker`;
}
