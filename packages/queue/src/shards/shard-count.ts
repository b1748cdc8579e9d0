/**
 * How many shards the producers of a queue have ever put jobs into, noted in its first shard: so that a worker finds out that
 * it serves fewer.
 */
import type { Log } from "@turnpike/domain/ports/ports";
import type { OpenBackend, QueueLocation } from "../backend/backend.ts";
import { type QueueClient, WAIT_MS } from "../backend/queue-client.ts";
import { shardPrefix } from "./shards.ts";

/** Note the number of shards in the background, once; call what is returned before each use until then. */
export function noteShardCount(firstShard: QueueClient, { prefix, shards = 1 }: QueueLocation): () => void {
  let isNoted = shards === 1;
  let isNoting = false;
  return () => {
    if (isNoted || isNoting) return;
    isNoting = true;
    firstShard
      .use(WAIT_MS, ({ backend }) => backend.noteShards(shardPrefix(prefix, 0), shards))
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
  backend: Pick<OpenBackend, "readNotedShards">,
  { prefix, shards = 1 }: QueueLocation,
  log: Log,
): Promise<void> {
  const noted = await backend.readNotedShards(shardPrefix(prefix, 0));
  if (noted > shards) {
    const facts = { event: "shards_not_served", served: shards, noted };
    log.warn(facts, "ingest has put jobs into more shards than QUEUE_SHARDS of this worker: they wait");
  }
}
