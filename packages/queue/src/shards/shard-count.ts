/**
 * How many shards the producers of a queue have ever put jobs into, noted in its first shard: so that a worker finds out that
 * it serves fewer.
 */
import type { Log } from "@turnpike/domain/ports/ports";
import type { Redis } from "ioredis";
import type { OpenBackend, QueueLocation } from "../backend/backend.ts";
import { INGEST_QUEUE } from "../job/payload.ts";
import { type QueueClient, WAIT_MS } from "../backend/queue-client.ts";
import { shardPrefix } from "./shards.ts";

const NOTE = `
if tonumber(redis.call("GET", KEYS[1]) or "0") < tonumber(ARGV[1]) then redis.call("SET", KEYS[1], ARGV[1]) end
return 1
`;

/** Note the number of shards in the background, once; call what is returned before each use until then. */
export function noteShardCount(
  firstShard: QueueClient,
  { prefix, redisUrl, shards = 1 }: QueueLocation,
): () => void {
  let isNoted = redisUrl === undefined || shards === 1;
  let isNoting = false;
  return () => {
    if (isNoted || isNoting) return;
    isNoting = true;
    firstShard
      .use(WAIT_MS, ({ backend }) =>
        (backend.connection as Redis).eval(NOTE, 1, shardCountKey(shardPrefix(prefix, 0)), shards),
      )
      .then(
        () => {
          isNoted = true;
        },
        () => {},
      )
      .finally(() => {
        isNoting = false;
      });
  };
}

/** Warn when producers know of more shards than are served; on the connection of the first shard, or of the only one. */
export async function warnOfUnservedShards(
  { kind, connection }: Pick<OpenBackend, "kind" | "connection">,
  { prefix, shards = 1 }: QueueLocation,
  log: Log,
): Promise<void> {
  if (kind !== "redis") return;
  const noted = Number((await (connection as Redis).get(shardCountKey(shardPrefix(prefix, 0)))) ?? 0);
  if (noted > shards) {
    const facts = { event: "shards_not_served", served: shards, noted };
    log.warn(facts, "ingest has put jobs into more shards than QUEUE_SHARDS of this worker: they wait");
  }
}

/** Where it is noted, by the prefix of the first shard. */
export function shardCountKey(firstPrefix: string): string {
  return `${firstPrefix}:${INGEST_QUEUE}-register:shards`;
}
