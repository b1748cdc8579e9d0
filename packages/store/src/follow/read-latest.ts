import { sql } from "drizzle-orm";
import type { ReadDatabase } from "../read/read-database.ts";
import type { SessionNews, WatchedSession } from "./session-watch.ts";

/** Read the latest numbers of sessions in one query; those that are gone are left out. */
export async function readLatest(
  db: ReadDatabase,
  sessions: readonly WatchedSession[],
): Promise<SessionNews[]> {
  if (sessions.length === 0) return [];
  const rows = await db.execute<{ orgId: string; sessionId: string; latest: string }>(sql`
    SELECT s.org_id AS "orgId", s.id AS "sessionId", s.latest_sequence AS latest
    FROM unnest(
      ${sql.param(sessions.map((session) => session.orgId))}::uuid[],
      ${sql.param(sessions.map((session) => session.sessionId))}::uuid[]
    ) AS k (org_id, id)
    JOIN sessions s USING (org_id, id)
    WHERE s.deleted_at IS NULL`);
  return rows.map((row) => ({
    orgId: row.orgId,
    sessionId: row.sessionId,
    latestSequence: Number(row.latest),
  }));
}
