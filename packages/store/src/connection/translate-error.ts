import { AppError, type ErrorCode, isAppError } from "@turnpike/domain/errors";
import { DatabaseError } from "pg";
import { isConnectionCode } from "./connection-codes.ts";
import { judgeSqlState, type SqlStateVerdict } from "./sqlstate-verdicts.ts";

/** The code of each verdict on an error of the server. */
const errorCodes = {
  environment: "store_unavailable",
  contention: "store_contention",
  rejected: "store_rejected",
  suspect: "store_failed",
} as const satisfies Record<SqlStateVerdict, ErrorCode>;

const SQL_STATE = /^[0-9A-Z]{5}$/;

/**
 * Turn an error of the driver or the server into one of ours; an AppError passes as it is. The message names the
 * SQLSTATE and nothing of the statement or its parameters.
 */
export function translateError(error: unknown): AppError {
  if (isAppError(error)) return error;
  const code = codeOf(error);
  return new AppError(errorCodeOf(code), `database: ${code || "unexpected error"}`, { cause: error });
}

/**
 * Turn what came of asking a server into one of our errors: whatever the server did not say itself is a connection that could not
 * be had or was lost, with whatever words and whether or not it has a code (a driver's time-out, SASL, "does not support SSL").
 */
export function translateAnswer(error: unknown): AppError {
  if (isAppError(error) || error instanceof DatabaseError) return translateError(error);
  const code = codeOf(error);
  const what = isConnectionCode(code) ? code : "connection lost";
  return new AppError("store_unavailable", `database: ${what}`, { cause: error });
}

/**
 * Turn what kept a connection from being made into one of our errors: the store cannot be reached, whoever said so and why. A
 * server that refuses us says nothing of what we came for.
 */
export function translateRefusal(error: unknown): AppError {
  if (isAppError(error)) return error;
  return new AppError("store_unavailable", translateAnswer(error).message, { cause: error });
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
  if (isConnectionCode(code)) return "store_unavailable";
  if (SQL_STATE.test(code)) return errorCodes[judgeSqlState(code)];
  // Neither the server's nor the network's: an exception of our own.
  return "internal";
}
