import type { DeadLetter } from "@turnpike/domain/ports/ports";
import type { Statement } from "../connection/write-pool.ts";

/**
 * Keep a dead letter; `settled` when nothing was written, for its receipt has its row, or it is not whole and the one that is there
 * holds more. One statement, so all of it or nothing. A letter that is there already is the same turn come back: its attempts add
 * up, the latest failure is the one that is shown, and it is dead again, whether it was replayed or discarded. A row of the receipt
 * that is being written at the same moment is not seen here; it makes the letter a resolved one when it commits.
 */
export async function putDeadLetter(sql: Statement, letter: DeadLetter): Promise<"dead" | "settled"> {
  const job = Buffer.from(letter.job.buffer, letter.job.byteOffset, letter.job.byteLength);
  const written = await sql`
    INSERT INTO dead_letters AS d (org_id, receipt, job_name, code, reason, attempts, first_failed_at, last_failed_at,
                                   accepted_at, request_id, job, job_bytes)
    SELECT ${letter.orgId}::uuid, ${letter.receipt}::uuid, ${letter.jobName}::text, ${letter.code}::text,
           ${letter.reason}::text, ${letter.attempts}::int, ${letter.firstFailedAt}::timestamptz,
           ${letter.lastFailedAt}::timestamptz, ${letter.acceptedAt ?? null}::timestamptz,
           ${letter.requestId ?? null}::text, ${job}::bytea, ${job.byteLength}::bigint
    WHERE NOT EXISTS (SELECT FROM receipts WHERE org_id = ${letter.orgId} AND receipt = ${letter.receipt})
    ON CONFLICT (org_id, receipt) DO UPDATE SET
      job_name = excluded.job_name, code = excluded.code, reason = excluded.reason,
      attempts = d.attempts + excluded.attempts,
      first_failed_at = least(d.first_failed_at, excluded.first_failed_at),
      last_failed_at = greatest(d.last_failed_at, excluded.last_failed_at),
      accepted_at = coalesce(excluded.accepted_at, d.accepted_at),
      request_id = coalesce(excluded.request_id, d.request_id),
      job = excluded.job, job_bytes = excluded.job_bytes,
      replayed_at = NULL, discarded_at = NULL, resolved_at = NULL
      WHERE ${letter.isWhole}::boolean OR d.job_bytes <= excluded.job_bytes
    RETURNING d.receipt`;
  return written.length === 0 ? "settled" : "dead";
}
