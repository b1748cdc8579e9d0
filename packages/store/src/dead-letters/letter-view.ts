/** Dead letters as readers see them, and the states that they are in. */
import { type SQL, sql } from "drizzle-orm";
import { deadLetters, receipts } from "../schema.ts";
import { cutSizes, cutText, type Truncated } from "../read/page-budget.ts";
import { isoTime, isoTimeOrNull } from "../connection/read-database.ts";

/** What a dead letter may be. */
export const letterStates = ["dead", "replaying", "discarded", "resolved"] as const;

/**
 * What a dead letter is: `dead` waits for somebody's decision; `replaying` was put back into the queue and has not come to its
 * end; `discarded` was given up; `resolved` got its row after all.
 */
export type LetterState = (typeof letterStates)[number];

// The mark alone is not enough: a turn may have been stored since the last tidying. The limit keeps each look-up one in an
// index, however many receipts there are.
const isSettled = sql`(${deadLetters.resolvedAt} IS NOT NULL OR EXISTS (
  SELECT FROM ${receipts} WHERE ${receipts.orgId} = ${deadLetters.orgId} AND ${receipts.receipt} = ${deadLetters.receipt} OFFSET 0))`;

/** A letter's state. */
export const letterState = sql<LetterState>`CASE WHEN ${isSettled} THEN 'resolved'
  WHEN ${deadLetters.discardedAt} IS NOT NULL THEN 'discarded'
  WHEN ${deadLetters.replayedAt} IS NOT NULL THEN 'replaying' ELSE 'dead' END`;

/** Conditions of the states; the cheap half comes first, so that few receipts are asked for. */
export const isInState: Readonly<Record<LetterState, SQL>> = {
  dead: sql`(${deadLetters.discardedAt} IS NULL AND ${deadLetters.replayedAt} IS NULL AND NOT ${isSettled})`,
  replaying: sql`(${deadLetters.discardedAt} IS NULL AND ${deadLetters.replayedAt} IS NOT NULL AND NOT ${isSettled})`,
  discarded: sql`(${deadLetters.discardedAt} IS NOT NULL AND NOT ${isSettled})`,
  resolved: isSettled,
};

const texts = {
  jobName: sql`${deadLetters.jobName}`,
  reason: sql`${deadLetters.reason}`,
  requestId: sql`${deadLetters.requestId}`,
};

/** The columns of a dead letter as readers see it, all but the job; `showLetter` names them. */
export const letterView = {
  orgId: deadLetters.orgId,
  receipt: deadLetters.receipt,
  state: letterState.as("state"),
  jobName: cutText(texts.jobName).as("job_name_shown"),
  code: deadLetters.code,
  reason: cutText(texts.reason).as("reason_shown"),
  attempts: deadLetters.attempts,
  firstFailedAt: isoTime(deadLetters.firstFailedAt).as("first_failed_iso"),
  lastFailedAt: isoTime(deadLetters.lastFailedAt).as("last_failed_iso"),
  acceptedAt: isoTimeOrNull(deadLetters.acceptedAt).as("accepted_iso"),
  requestId: cutText<string | null>(texts.requestId).as("request_id_shown"),
  cut: cutSizes(texts).as("cut"),
  jobBytes: deadLetters.jobBytes,
  replays: deadLetters.replays,
  replayedAt: isoTimeOrNull(deadLetters.replayedAt).as("replayed_iso"),
  discardedAt: isoTimeOrNull(deadLetters.discardedAt).as("discarded_iso"),
};

/** Say of a letter which of its texts are cut. */
export function showLetter<Row extends { readonly cut: Truncated | null }>(row: Row) {
  const { cut, ...letter } = row;
  return cut === null ? letter : { ...letter, truncated: cut };
}
