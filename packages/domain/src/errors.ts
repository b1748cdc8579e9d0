/**
 * The closed list of error codes. A code exists only when some caller acts differently on it; the two maps over it
 * (HTTP status in `kit`, retry or dead letter in `queue`) are exhaustive by `satisfies`.
 */
export const errorCodes = [
  "host_not_allowed",
  "origin_not_allowed",
  "request_timeout",
  "payload_too_large",
  "invalid_envelope",
  "unsupported_provider",
  "unparsable_request",
  "invalid_response",
  "queue_unavailable",
  "invalid_query",
  "not_found",
  "event_conflict",
  "unreadable_job",
  "broken_chain",
  "store_unavailable",
  "store_contention",
  "store_rejected",
  // The database failed over it, and it may be this input's fault or not: whether others go well tells which.
  "store_failed",
  "internal",
] as const;

/** One of the closed list of error codes. */
export type ErrorCode = (typeof errorCodes)[number];

/** What a failed turn, job or request says of itself: a code to act on, and a message to read. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  /** When to try again, where that is known better than from the code. */
  readonly retryAfterSeconds: number | undefined;
  /** The message is meant for clients, also where they are told only what the code means. */
  readonly isPublic: boolean;
  /**
   * For how long it has been, in milliseconds, since the same act went well for another input; undefined where nobody knows, or
   * it never did. What may be this input's fault is judged by it.
   */
  readonly othersWentWellMsAgo: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      readonly cause?: unknown;
      readonly retryAfterSeconds?: number;
      readonly isPublic?: boolean;
      readonly othersWentWellMsAgo?: number | undefined;
    } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.isPublic = options.isPublic ?? false;
    this.othersWentWellMsAgo = options.othersWentWellMsAgo;
  }
}

/** Tell whether a value is an AppError, of the given code when one is named. */
export function isAppError(value: unknown, code?: ErrorCode): value is AppError {
  return value instanceof AppError && (code === undefined || value.code === code);
}
