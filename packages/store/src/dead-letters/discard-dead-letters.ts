import { type AuditEntry, writeAudit } from "../audit/write-audit.ts";
import type { WritePool } from "../connection/write-pool.ts";
import type { LetterKey } from "./select-dead-letters.ts";

/**
 * Give up letters that are dead: their jobs go, their rows stay. In one transaction with the entry in the audit log, which
 * is told the number; letters that are being replayed, or are no longer dead, are left alone.
 * @returns how many were discarded.
 * @throws AppError `store_unavailable` or `store_contention`; nothing was discarded.
 */
export function discardDeadLetters(
  pool: WritePool,
  keys: readonly LetterKey[],
  entry: (discarded: number) => AuditEntry,
): Promise<number> {
  return pool.transaction(async (tx) => {
    // One that somebody replays at this moment is locked: it is skipped, as it would be a moment later.
    const discarded = await tx`
      UPDATE dead_letters d SET discarded_at = clock_timestamp(), job = NULL
      FROM (
        SELECT o.org_id, o.receipt FROM dead_letters o
        JOIN unnest(${keys.map(({ orgId }) => orgId)}::uuid[], ${keys.map(({ receipt }) => receipt)}::uuid[])
          AS k (org_id, receipt) USING (org_id, receipt)
        WHERE o.discarded_at IS NULL AND o.replayed_at IS NULL AND o.resolved_at IS NULL
          AND NOT EXISTS (SELECT FROM receipts r WHERE r.org_id = o.org_id AND r.receipt = o.receipt)
        ORDER BY o.org_id, o.receipt FOR UPDATE OF o SKIP LOCKED
      ) t
      WHERE d.org_id = t.org_id AND d.receipt = t.receipt
      RETURNING d.receipt`;
    await writeAudit(tx, entry(discarded.length));
    return discarded.length;
  });
}
