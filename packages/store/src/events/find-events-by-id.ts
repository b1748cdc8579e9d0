import type { JsonObject } from "@turnpike/domain/json";
import type { StoredEvent } from "@turnpike/domain/event-store";
import type { Transaction } from "../write-pool.ts";

interface EventRow {
  readonly sequence: string;
  readonly id: string;
  readonly event_type: string;
  readonly created_at: string;
  readonly occurred_at: string | null;
  readonly metadata: JsonObject;
  readonly run_id: string | null;
  readonly message: string | null;
  readonly node_hash: string | null;
  readonly turn_id: string | null;
}

/** Find a session's events by their ids. */
export async function findEventsById(
  tx: Transaction,
  session: { readonly orgId: string; readonly id: string },
  ids: readonly string[],
): Promise<Map<string, StoredEvent>> {
  if (ids.length === 0) return new Map();
  const rows = await tx<EventRow>`
    SELECT sequence, id, event_type, metadata, run_id, message, node_hash, turn_id,
           to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
           to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS occurred_at
    FROM session_events
    WHERE org_id = ${session.orgId} AND session_id = ${session.id} AND id = ANY(${ids}::text[])`;
  return new Map(
    rows.map((row) => [
      row.id,
      {
        sequence: Number(row.sequence),
        id: row.id,
        eventType: row.event_type,
        createdAt: row.created_at,
        occurredAt: row.occurred_at,
        metadata: row.metadata,
        runId: row.run_id,
        message: row.message,
        nodeHash: row.node_hash,
        turnId: row.turn_id,
      },
    ]),
  );
}
