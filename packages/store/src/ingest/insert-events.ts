import { joinJson } from "../connection/array-literal.ts";
import type { Transaction } from "../connection/write-pool.ts";

/** An event with its number and its place in time. */
export interface EventRow {
  readonly orgId: string;
  readonly sessionId: string;
  readonly sequence: number;
  readonly id: string;
  readonly eventType: string;
  readonly occurredAt: string | undefined;
  readonly metadata: object;
  readonly runId?: string | undefined;
  readonly message?: string | undefined;
  readonly nodeHash?: string | undefined;
  readonly turnId?: string | undefined;
  /** `createdAt` is this plus `offsetUs` microseconds. */
  readonly baseTime: string;
  readonly offsetUs: number;
}

/** Insert events of sessions that are locked: nobody else takes numbers there before the commit. */
export async function insertEvents(tx: Transaction, rows: readonly EventRow[]): Promise<void> {
  await tx`
    INSERT INTO session_events (org_id, session_id, sequence, id, event_type, created_at, occurred_at, metadata,
                                run_id, message, node_hash, turn_id)
    SELECT org_id, session_id, sequence, id, event_type, base_time + offset_us * interval '1 microsecond',
           occurred_at, metadata::json, run_id, message, node_hash, turn_id
    FROM unnest(
      ${rows.map((row) => row.orgId)}::uuid[],
      ${rows.map((row) => row.sessionId)}::uuid[],
      ${rows.map((row) => row.sequence)}::bigint[],
      ${rows.map((row) => row.id)}::text[],
      ${rows.map((row) => row.eventType)}::text[],
      ${rows.map((row) => row.baseTime)}::timestamptz[],
      ${rows.map((row) => row.offsetUs)}::bigint[],
      ${rows.map((row) => row.occurredAt ?? null)}::timestamptz[],
      string_to_array(${joinJson(rows.map((row) => row.metadata))}, chr(31)),
      ${rows.map((row) => row.runId ?? null)}::text[],
      ${rows.map((row) => row.message ?? null)}::text[],
      ${rows.map((row) => row.nodeHash ?? null)}::text[],
      ${rows.map((row) => row.turnId ?? null)}::uuid[]
    ) AS t (org_id, session_id, sequence, id, event_type, base_time, offset_us, occurred_at, metadata, run_id, message,
            node_hash, turn_id)`;
}
