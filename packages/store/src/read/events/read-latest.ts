import { sql } from "drizzle-orm";
import { liveSession } from "../live-session.ts";
import { executePrepared, type ReadDatabase } from "../../connection/read-database.ts";
import type { SessionNews } from "../../follow/session-watch.ts";
import type { WatchedSession } from "../../follow/watched-entry.ts";

/** Read the latest numbers of sessions in one query; those that are gone are left out. */
export async function readLatest(
  db: ReadDatabase,
  sessions: readonly WatchedSession[],
): Promise<SessionNews[]> {
  if (sessions.length === 0) return [];
  // The lateral part keeps each step an index look-up, however many are asked for and whatever the planner expects of that.
  const rows = await executePrepared<{ orgId: string; sessionId: string; latest: string }>(
    db,
    sql`
    SELECT s.org_id AS "orgId", s.id AS "sessionId", s.latest_sequence AS latest
    FROM unnest(
      ${sql.param(sessions.map((session) => session.orgId))}::uuid[],
      ${sql.param(sessions.map((session) => session.sessionId))}::uuid[]
    ) AS k (org_id, id)
    CROSS JOIN LATERAL ${liveSession(sql`k.org_id`, sql`k.id`)}`,
  );
  return rows.map((row) => ({
    orgId: row.orgId,
    sessionId: row.sessionId,
    latestSequence: Number(row.latest),
  }));
}
