import type { ErrorCode } from "@turnpike/domain/errors";

/** How often BullMQ tries a job at most: more often than any outage lasts. Whether it is worth trying is judged by `isWorthTrying`. */
export const MAX_ATTEMPTS = 1_000_000;

/**
 * How many attempts may be held against a job, see `hold-against.ts`. A suspect has its worker for itself, for as long as a statement
 * may take (a minute), so it gets fewer.
 */
export const MAX_COUNTED_ATTEMPTS = { retry: 30, suspect: 10 } as const;

const FIRST_DELAY_MS = 250;

/** The longest wait before an attempt, unless a worker is told otherwise. */
const DEFAULT_MAX_DELAY_MS = 30_000;

/**
 * What becomes of a job that failed with a code: `wait` is the fault of something that is away, and passes when it is back,
 * however long that takes; `retry` may pass by itself, and each attempt counts; `suspect` waits as well, but an attempt counts when
 * others were stored meanwhile; `dead` fails again whatever we do.
 */
export const verdicts = {
  host_not_allowed: "dead",
  origin_not_allowed: "dead",
  request_timeout: "dead",
  payload_too_large: "dead",
  invalid_envelope: "dead",
  unsupported_provider: "dead",
  unparsable_request: "dead",
  invalid_response: "dead",
  queue_unavailable: "wait",
  invalid_query: "dead",
  not_found: "dead",
  event_conflict: "dead",
  unreadable_job: "dead",
  broken_chain: "dead",
  store_unavailable: "wait",
  store_contention: "wait",
  store_rejected: "dead",
  store_failed: "suspect",
  internal: "retry",
} as const satisfies Record<ErrorCode, "wait" | "retry" | "suspect" | "dead">;

/** Tell whether a job that failed with this code is to be tried again, with so many attempts held against it. */
export function isWorthTrying(code: ErrorCode, countedAttempts: number): boolean {
  const verdict = verdicts[code];
  if (verdict === "wait") return true;
  return verdict !== "dead" && countedAttempts < MAX_COUNTED_ATTEMPTS[verdict];
}

/**
 * How long to wait before the next attempt: exponential up to the longest wait, the upper half of it at random, so that jobs that
 * failed together do not come back together.
 * @param attemptsMade at least 1.
 */
export function backoffMs(
  attemptsMade: number,
  maxDelayMs: number = DEFAULT_MAX_DELAY_MS,
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(FIRST_DELAY_MS * 2 ** Math.min(attemptsMade - 1, 20), maxDelayMs);
  return Math.round(ceiling * (0.5 + random() / 2));
}
