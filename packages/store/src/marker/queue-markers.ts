/** The database's side of the queue marker: one row that says which queue is its own. */
import { databaseCodeOf } from "../connection/translate-error.ts";
import { isAppError } from "@turnpike/domain/errors";
import type { DatabaseMarker, DatabaseMarkers } from "@turnpike/domain/ports/queue-marker";
import { claimMarker } from "./claim-marker.ts";
import { readHoldings } from "./read-holdings.ts";
import { readMarker } from "./read-marker.ts";
import { replaceMarker } from "./replace-marker.ts";
import { createWritePool } from "../connection/write-pool.ts";

const UNDEFINED_TABLE = "42P01";

/** Open it, on one connection. None is made before the first call; a lost one is made again at the next. */
export function createQueueMarkers(url: string) {
  const pool = createWritePool({ url, maxConnections: 1, name: "turnpike-queue-marker" });
  const { statement } = pool;
  return {
    /** A database that was not migrated yet has none. */
    read: (): Promise<DatabaseMarker | undefined> =>
      readMarker(statement).catch((error: unknown) => {
        if (isAppError(error) && databaseCodeOf(error) === UNDEFINED_TABLE) return undefined;
        throw error;
      }),
    claim: (place) => claimMarker(statement, place),
    async confirm(generation) {
      await statement`
        UPDATE queue_marker SET confirmed_at = now() WHERE generation = ${generation} AND confirmed_at IS NULL`;
    },
    async raiseShards(generation, shards) {
      await statement`
        UPDATE queue_marker SET shards = ${shards} WHERE generation = ${generation} AND shards < ${shards}`;
    },
    readHoldings: () => readHoldings(statement),
    replace: (replacement: Parameters<typeof replaceMarker>[1]) => replaceMarker(pool, replacement),
    close: () => pool.close(),
  } satisfies DatabaseMarkers & Record<string, unknown>;
}
