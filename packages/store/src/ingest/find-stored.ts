import type { Transaction } from "../connection/write-pool.ts";
import type { PlacedTurn } from "./insert-nodes.ts";

/** What is already stored of the turns of a batch, exact because their sessions are locked. */
export interface StoredBefore {
  /** Turn ids by session and head: `sessionId head`. */
  readonly turns: ReadonlyMap<string, string>;
  /** Results by receipt, of jobs that ran to their commit before. */
  readonly receipts: ReadonlyMap<string, StoredReceipt>;
}

/** What a receipt's row says. */
export interface StoredReceipt {
  readonly outcome: "stored" | "duplicate";
  readonly sessionId: string;
  readonly turnId: string;
  readonly firstSequence: number | null;
  readonly lastSequence: number | null;
}

/**
 * Read which of these turns, and which of their receipts, are stored. Only after `lockSessions`: else it may miss some. It may be
 * sent together with that, for it runs after it.
 *
 * A turn is looked for as the first from its key on: only the index on that key gives this order, so it is one look-up. Asked for
 * equality the planner, which expects a handful of turns in any session, reads all turns of the session.
 */
export async function findStored(tx: Transaction, placed: readonly PlacedTurn[]): Promise<StoredBefore> {
  const orgIds = placed.map(({ turn }) => turn.orgId);
  const turns = tx<{ session_id: string; head_hash: string; id: string }>`
      SELECT t.session_id, t.head_hash, t.id
      FROM unnest(
        ${orgIds}::uuid[],
        ${placed.map(({ sessionId }) => sessionId)}::uuid[],
        ${placed.map(({ turn }) => turn.facts.headHash)}::text[]
      ) AS k (org_id, session_id, head_hash)
      CROSS JOIN LATERAL (
        SELECT session_id, head_hash, id FROM turns
        WHERE org_id = k.org_id AND (head_hash, session_id) >= (k.head_hash, k.session_id)
        ORDER BY head_hash, session_id LIMIT 1
      ) t
      WHERE t.head_hash = k.head_hash AND t.session_id = k.session_id`;
  const receipts = tx<{
    receipt: string;
    outcome: "stored" | "duplicate";
    session_id: string;
    turn_id: string;
    first_sequence: string | null;
    last_sequence: string | null;
  }>`
      SELECT r.receipt, r.outcome, r.session_id, r.turn_id, r.first_sequence, r.last_sequence
      FROM unnest(${orgIds}::uuid[], ${placed.map(({ turn }) => turn.receipt)}::uuid[]) AS k (org_id, receipt)
      JOIN receipts r USING (org_id, receipt)`;
  const [turnRows, receiptRows] = await Promise.all([turns, receipts]);
  return {
    turns: new Map(turnRows.map((row) => [`${row.session_id} ${row.head_hash}`, row.id])),
    receipts: new Map(
      receiptRows.map((row) => [
        row.receipt,
        {
          outcome: row.outcome,
          sessionId: row.session_id,
          turnId: row.turn_id,
          firstSequence: row.first_sequence === null ? null : Number(row.first_sequence),
          lastSequence: row.last_sequence === null ? null : Number(row.last_sequence),
        },
      ]),
    ),
  };
}
