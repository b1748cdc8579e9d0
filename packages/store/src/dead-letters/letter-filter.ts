import type { ErrorCode } from "@turnpike/domain/errors";
import { eq, gte, inArray, lt, type SQL } from "drizzle-orm";
import { deadLetters } from "../schema.ts";

/** Which dead letters are meant; conditions are joined by AND. */
export interface LetterFilter {
  /** Those of all orgs when absent: whoever asks must be allowed to see them. */
  readonly orgId?: string | undefined;
  readonly receipts?: readonly string[] | undefined;
  readonly code?: ErrorCode | undefined;
  /** RFC 3339, inclusive, against the time of the last failure. */
  readonly since?: string | undefined;
  /** RFC 3339, exclusive, against the same. */
  readonly until?: string | undefined;
}

/** The conditions of a filter. */
export function conditionsOf({ orgId, receipts, code, since, until }: LetterFilter): SQL[] {
  return [
    ...(orgId === undefined ? [] : [eq(deadLetters.orgId, orgId)]),
    ...(receipts === undefined ? [] : [inArray(deadLetters.receipt, [...receipts])]),
    ...(code === undefined ? [] : [eq(deadLetters.code, code)]),
    ...(since === undefined ? [] : [gte(deadLetters.lastFailedAt, since)]),
    ...(until === undefined ? [] : [lt(deadLetters.lastFailedAt, until)]),
  ];
}
