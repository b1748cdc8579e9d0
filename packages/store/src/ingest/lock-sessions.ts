import type { JsonObject } from "@turnpike/domain/json/json";
import type { Transaction } from "../connection/write-pool.ts";

/** A session as it is under our lock: nobody else changes it before the commit. */
export interface LockedSession {
  readonly orgId: string;
  readonly id: string;
  readonly authSubject: string;
  readonly harnessVersion: string | null;
  readonly cwd: string | null;
  readonly name: string | null;
  readonly metadata: JsonObject;
  readonly parentSessionId: string | null;
  /** Erased, and not brought back since: blank but for its key, its parent and its numbers. */
  readonly isDeleted: boolean;
  readonly turnCount: number;
  readonly latestSequence: number;
  /** A time that no event of the session has yet, as Postgres writes it, with microseconds. */
  readonly nextEventAt: string;
}

/** A session by its id. */
export interface SessionRef {
  readonly orgId: string;
  readonly sessionId: string;
}

/**
 * Lock these sessions, in the order of their ids, and read them. Late in the transaction: turns of one
 * session wait for each other from here to the commit, and their events commit in the order of their numbers.
 */
export async function lockSessions(
  tx: Transaction,
  refs: readonly SessionRef[],
): Promise<Map<string, LockedSession>> {
  const sessions = [...new Map(refs.map((ref) => [ref.sessionId, ref])).values()];
  const rows = await tx<{
    org_id: string;
    id: string;
    auth_subject: string;
    harness_version: string | null;
    cwd: string | null;
    name: string | null;
    harness_metadata: JsonObject;
    parent_session_id: string | null;
    is_deleted: boolean;
    turn_count: string;
    latest_sequence: string;
    next_event_at: string;
  }>`
    SELECT org_id, id, auth_subject, harness_version, cwd, name, harness_metadata, parent_session_id,
           deleted_at IS NOT NULL AS is_deleted, turn_count, latest_sequence,
           greatest(clock_timestamp(), latest_event_at + interval '1 microsecond')::text AS next_event_at
    FROM sessions
    WHERE (org_id, id) IN (
      SELECT * FROM unnest(
        ${sessions.map(({ orgId }) => orgId)}::uuid[],
        ${sessions.map(({ sessionId }) => sessionId)}::uuid[]
      )
    )
    ORDER BY org_id, id
    FOR NO KEY UPDATE`;
  return new Map(
    rows.map((row) => [
      row.id,
      {
        orgId: row.org_id,
        id: row.id,
        authSubject: row.auth_subject,
        harnessVersion: row.harness_version,
        cwd: row.cwd,
        name: row.name,
        metadata: row.harness_metadata,
        parentSessionId: row.parent_session_id,
        isDeleted: row.is_deleted,
        turnCount: Number(row.turn_count),
        latestSequence: Number(row.latest_sequence),
        nextEventAt: row.next_event_at,
      },
    ]),
  );
}
