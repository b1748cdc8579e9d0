import { type SQL, sql } from "drizzle-orm";

/**
 * The row of a session that is not deleted, or none, to select from as `s`. It is looked for as the first from its id on: only the
 * primary key gives this order. Asked for equality the planner reads all sessions of an org that is newer than the statistics, of
 * which it expects one.
 */
export function liveSession(orgId: string | SQL, sessionId: string | SQL): SQL {
  return sql`(
    SELECT org_id, id, latest_sequence FROM (
      SELECT * FROM sessions WHERE org_id = ${orgId} AND id >= ${sessionId} ORDER BY id LIMIT 1
    ) first
    WHERE id = ${sessionId} AND deleted_at IS NULL
  ) s`;
}
