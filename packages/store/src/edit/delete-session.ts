import { AppError } from "@turnpike/domain/errors";
import type { Transaction, WritePool } from "../connection/write-pool.ts";
import { eraseNodes } from "./erase-nodes.ts";

/**
 * Delete a session: its turns, runs and facts go, and the nodes that nothing else holds; its events keep their numbers and
 * lose everything else. The row stays, with key, parent and latest number, so that its children have a lineage and its
 * numbers go on if it comes back. All or nothing; while it runs, turns of the org wait.
 * @throws AppError `not_found`, also when the session is another org's or deleted already; `store_unavailable`,
 *   `store_contention`.
 */
export async function deleteSession(pool: WritePool, orgId: string, sessionId: string): Promise<void> {
  await pool.transaction(async (tx) => {
    await lockNodes(tx, orgId, sessionId);
    await lockSession(tx, orgId, sessionId);
    await eraseNodes(tx, orgId, sessionId);
    await tx`DELETE FROM turns WHERE org_id = ${orgId} AND session_id = ${sessionId}`;
    await tx`DELETE FROM runs WHERE org_id = ${orgId} AND session_id = ${sessionId}`;
    await tx`SELECT redact_session_events(${orgId}, ${sessionId})`;
    await tx`
      UPDATE sessions
      SET auth_subject = '', harness_version = NULL, cwd = NULL, name = NULL, display_name = NULL, harness_metadata = '{}',
          turn_count = 0, unpriced_turn_count = 0, total_input_tokens = 0, total_output_tokens = 0,
          total_cache_creation_input_tokens = 0, total_cache_read_input_tokens = 0, total_cost_usd = 0,
          deleted_at = clock_timestamp()
      WHERE org_id = ${orgId} AND id = ${sessionId}`;
  });
}

/**
 * Keep out every transaction that brings turns or events into the org (`find-sessions.ts` takes the same lock, shared, first
 * of all). A session that is not there locks nothing.
 */
async function lockNodes(tx: Transaction, orgId: string, sessionId: string): Promise<void> {
  const locked = await tx`
    SELECT pg_advisory_xact_lock(hashtextextended('nodes:' || org_id, 0))::text FROM sessions
    WHERE org_id = ${orgId} AND id = ${sessionId} AND deleted_at IS NULL`;
  if (locked.length === 0) throw notFound();
}

/** A statement of its own: another deletion of the same session may have ended while this one waited. */
async function lockSession(tx: Transaction, orgId: string, sessionId: string): Promise<void> {
  const locked = await tx`
    SELECT id FROM sessions WHERE org_id = ${orgId} AND id = ${sessionId} AND deleted_at IS NULL FOR NO KEY UPDATE`;
  if (locked.length === 0) throw notFound();
}

function notFound(): AppError {
  return new AppError("not_found", "no such session");
}
