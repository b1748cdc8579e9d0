import type { Database } from "../connection/read-connection.ts";
import type { ReplayedPosition, WrittenPosition } from "./replay-lag.ts";

/** Read how far a primary is. */
export async function readWrittenPosition(primary: Database): Promise<WrittenPosition> {
  // In this order: whatever can be seen by now was inserted before.
  const [row] = await primary<{ aboveSeen: string; inserted: string; flushed: string }[]>`
    SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS "aboveSeen",
           (pg_current_wal_insert_lsn() - '0/0')::text AS inserted,
           (pg_current_wal_flush_lsn() - '0/0')::text AS flushed`;
  return {
    aboveSeen: BigInt(row?.aboveSeen ?? 0),
    inserted: BigInt(row?.inserted ?? 0),
    flushed: BigInt(row?.flushed ?? 0),
  };
}

/** Read how far a replica is; undefined when the server is no replica, or none any more. */
export async function readReplayedPosition(replica: Database): Promise<ReplayedPosition | undefined> {
  const [row] = await replica<{ replayed: string | null; oldestRunning: string }[]>`
    SELECT CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0')::text END AS replayed,
           pg_snapshot_xmin(pg_current_snapshot())::text AS "oldestRunning"`;
  if (row === undefined || row.replayed === null) return undefined;
  return { replayed: BigInt(row.replayed), oldestRunning: BigInt(row.oldestRunning) };
}
