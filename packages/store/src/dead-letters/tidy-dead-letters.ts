import type { Statement } from "../connection/write-pool.ts";

// As many as one statement does in a moment, also when each of them has a large job.
const MAX_LETTERS = 500;

/**
 * Take the jobs of letters whose receipts have got their rows: nobody needs them any more. A bounded number at a time; safe to
 * run anywhere, at any time, also twice at once.
 * @returns how many letters were tidied; 0 when there is nothing left to do.
 */
export async function tidyDeadLetters(sql: Statement): Promise<number> {
  // The inner limit keeps each look-up one in an index, however many receipts there are.
  const tidied = await sql`
    UPDATE dead_letters d SET resolved_at = clock_timestamp(), job = NULL
    FROM (
      SELECT o.org_id, o.receipt FROM dead_letters o
      WHERE o.resolved_at IS NULL
        AND EXISTS (SELECT FROM receipts r WHERE r.org_id = o.org_id AND r.receipt = o.receipt OFFSET 0)
      LIMIT ${MAX_LETTERS}
      FOR UPDATE OF o SKIP LOCKED
    ) t
    WHERE d.org_id = t.org_id AND d.receipt = t.receipt
    RETURNING d.receipt`;
  return tidied.length;
}
