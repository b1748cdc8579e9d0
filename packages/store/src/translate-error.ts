import { AppError, type ErrorCode, isAppError } from "@turnpike/domain/errors";

const unavailable = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "CONNECT_TIMEOUT",
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  // read_only_sql_transaction: a server that was demoted; undefined_table and undefined_column: not migrated yet
  "25006",
  "42P01",
  "42703",
]);

// deadlock_detected, serialization_failure, lock_not_available, query_canceled (our own statement timeout)
const contention = new Set(["40P01", "40001", "55P03", "57014"]);

/**
 * Turn an error of the driver or the server into one of ours; an AppError passes as it is. The message names the
 * SQLSTATE and nothing of the statement or its parameters.
 */
export function translateError(error: unknown): AppError {
  if (isAppError(error)) return error;
  const code = codeOf(error);
  return new AppError(errorCodeOf(code), `database: ${code || "unexpected error"}`, { cause: error });
}

/** Read the SQLSTATE, or the driver's code, behind an error that was translated; empty when it has none. */
export function databaseCodeOf(error: AppError): string {
  return codeOf(error.cause);
}

/** The query builder wraps the driver's error, in an error that holds the statement and its parameters. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  return codeOf(error.cause);
}

function errorCodeOf(code: string): ErrorCode {
  if (contention.has(code)) return "store_contention";
  // 08 connection exception, 53 insufficient resources (disk full, too many connections), 57P operator intervention, 58 system error
  if (unavailable.has(code) || /^(08|53|57P|58)/.test(code)) return "store_unavailable";
  // 22 data exception, 23 integrity violation, 54 program limit exceeded: the same input fails again
  if (/^(22|23|54)/.test(code)) return "store_rejected";
  return "internal";
}
