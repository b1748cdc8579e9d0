import type { ErrorCode } from "@turnpike/domain/errors";

/** How often BullMQ tries a job at most: more often than any outage lasts. Whether it is worth trying is judged by `isWorthTrying`. */
export const MAX_ATTEMPTS = 1_000_000;

/** How often a job is tried that fails in a way that nobody foresaw. */
const MAX_UNFORESEEN_ATTEMPTS = 30;

const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 30_000;

/**
 * What becomes of a job that failed with a code: `wait` is the fault of something that is away, and passes when it is back,
 * however long that takes; `retry` may pass by itself; `dead` fails again whatever we do.
 */
const verdicts = {
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
  internal: "retry",
} as const satisfies Record<ErrorCode, "wait" | "retry" | "dead">;

/** Tell whether a job that has failed so often, last with this code, is to be tried again. */
export function isWorthTrying(code: ErrorCode, attemptsMade: number): boolean {
  const verdict = verdicts[code];
  return verdict === "wait" || (verdict === "retry" && attemptsMade < MAX_UNFORESEEN_ATTEMPTS);
}

/**
 * How long to wait before the next attempt: exponential up to 30 s, the upper half of it at random, so that jobs that
 * failed together do not come back together.
 * @param attemptsMade at least 1.
 */
export function backoffMs(attemptsMade: number, random: () => number = Math.random): number {
  const ceiling = Math.min(FIRST_DELAY_MS * 2 ** Math.min(attemptsMade - 1, 20), MAX_DELAY_MS);
  return Math.round(ceiling * (0.5 + random() / 2));
}
