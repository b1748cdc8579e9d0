import type { WritePool } from "../connection/write-pool.ts";
import type { LetterKey } from "./select-dead-letters.ts";

/** The queue, as a replay needs it. */
export interface ReplayQueue {
  /** Tell whether the queue holds the letter's job, in any state. */
  isQueued(orgId: string, receipt: string): Promise<boolean>;
  /** Put the job back under its id; durable when it resolves. */
  replay(orgId: string, receipt: string, job: Uint8Array): Promise<void>;
}

/** What a replay made of a letter: anything but `replayed` says why it was left alone. */
export type ReplayOutcome = "replayed" | "replaying" | "discarded" | "resolved" | "unknown";

/**
 * Put a dead letter's job back into the queue. Safe to repeat, to run twice at once, and to be killed at any moment:
 *
 * - The letter stays locked from the first look until the mark is written, and the worker's `put` needs the same row: so a job
 *   that fails again at once is marked dead after it was marked as replayed, never before.
 * - The job goes into the queue before the mark is committed. Killed in between, the letter still reads as dead while its job
 *   runs; the next replay finds the job in the queue, and leaves it.
 * - The mark decides nothing. A letter whose job is not in the queue and which has no row of its receipt is put back, also one
 *   that is marked: whatever the queue has lost can be replayed again.
 *
 * @throws AppError of the queue, and `store_unavailable` or `store_contention`; the letter is as it was.
 */
export function replayDeadLetter(
  pool: WritePool,
  queue: ReplayQueue,
  { orgId, receipt }: LetterKey,
): Promise<ReplayOutcome> {
  return pool.transaction(async (tx) => {
    const [letter] = await tx<{ job: Buffer | null; discarded: boolean }>`
      SELECT job, discarded_at IS NOT NULL AS discarded FROM dead_letters
      WHERE org_id = ${orgId} AND receipt = ${receipt} FOR UPDATE`;
    if (letter === undefined) return "unknown";
    // A statement of its own, after the lock: it sees what was committed while this one waited.
    const settled = await tx`SELECT FROM receipts WHERE org_id = ${orgId} AND receipt = ${receipt}`;
    if (settled.length > 0) return "resolved";
    if (letter.discarded || letter.job === null) return "discarded";
    if (await queue.isQueued(orgId, receipt)) return "replaying";
    await queue.replay(orgId, receipt, letter.job);
    await tx`
      UPDATE dead_letters SET replays = replays + 1, replayed_at = clock_timestamp()
      WHERE org_id = ${orgId} AND receipt = ${receipt}`;
    return "replayed";
  });
}
