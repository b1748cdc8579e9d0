import type { ErrorCode } from "@turnpike/domain/errors";

/** How an error code looks over HTTP. */
export interface HttpFailure {
  readonly status: 400 | 403 | 404 | 408 | 409 | 413 | 421 | 422 | 500 | 503;
  /** Shown instead of the error's own message, which may be internal. Every 5xx has one. */
  readonly detail?: string;
  readonly retryAfterSeconds?: number;
}

const internal = { status: 500, detail: "The request failed on our side." } as const satisfies HttpFailure;

/** Every error code's answer over HTTP; the compiler asks for a line when a code is added. */
export const httpFailures = {
  host_not_allowed: { status: 421 },
  origin_not_allowed: { status: 403 },
  request_timeout: { status: 408 },
  payload_too_large: { status: 413 },
  invalid_envelope: { status: 400 },
  invalid_query: { status: 400 },
  unsupported_provider: { status: 422 },
  unparsable_request: { status: 422 },
  invalid_response: { status: 422 },
  event_conflict: { status: 409 },
  not_found: { status: 404 },
  queue_unavailable: {
    status: 503,
    detail: "The queue is full or unreachable; nothing was accepted. Try again later.",
    retryAfterSeconds: 5,
  },
  store_unavailable: {
    status: 503,
    detail: "The store is unreachable. Try again later.",
    retryAfterSeconds: 5,
  },
  store_contention: { status: 503, detail: "The store is busy. Try again later.", retryAfterSeconds: 1 },
  store_failed: {
    status: 503,
    detail: "The store could not carry this out. Try again later.",
    retryAfterSeconds: 5,
  },
  store_rejected: internal,
  unreadable_job: internal,
  broken_chain: internal,
  internal,
} as const satisfies Record<ErrorCode, HttpFailure>;

/** The phrases of RFC 9110 and RFC 6585, which `node:http` has partly in older wording. */
export const statusTitles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  413: "Content Too Large",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
};
