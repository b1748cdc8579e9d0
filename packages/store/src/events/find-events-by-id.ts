import type { JsonObject } from "@turnpike/domain/json/json";
import type { StoredEvent } from "@turnpike/domain/events/event-store";
import type { Transaction } from "../connection/write-pool.ts";

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

/**
 * Find a session's events by their ids. Each is looked for as the first from its id on: the order keeps that one look-up in the
 * index on the ids. Asked for equality the planner, which expects a handful of events in any session, reads the whole session.
 */
export async function findEventsById(
  tx: Transaction,
  session: { readonly orgId: string; readonly id: string },
  ids: readonly string[],
): Promise<Map<string, StoredEvent>> {
  if (ids.length === 0) return new Map();
  const rows = await tx<EventRow>`
    SELECT e.sequence, e.id, event_type, metadata, run_id, message, node_hash, turn_id,
           to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
           to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS occurred_at
    FROM unnest(${ids}::text[]) AS k (id)
    CROSS JOIN LATERAL (
      SELECT * FROM session_events
      WHERE org_id = ${session.orgId} AND session_id = ${session.id} AND id >= k.id
      ORDER BY id LIMIT 1
    ) e
    WHERE e.id = k.id`;
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
