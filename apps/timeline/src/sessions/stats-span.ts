import { AppError } from "@turnpike/domain/errors";

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;
const MAX_DAYS = 366;

/** A span of time; RFC 3339 in UTC with microseconds, the end exclusive. */
export interface StatsSpan {
  readonly since: string;
  readonly until: string;
}

/**
 * Fill in what a reader left out of a span.
 * @param given times in UTC with microseconds.
 * @throws AppError `invalid_query` when the span ends before it begins, or is longer than 366 days.
 */
export function chooseSpan(
  given: { readonly [Key in keyof StatsSpan]?: string | undefined },
  now: Date,
): StatsSpan {
  // A beginning in the future, without an end, is an empty span and no mistake.
  const until = given.until ?? later(inMicroseconds(now.valueOf()), given.since);
  const since =
    given.since ?? inMicroseconds(Math.max(Date.parse(until) - DEFAULT_DAYS * DAY_MS, EARLIEST_MS));
  if (since > until) throw new AppError("invalid_query", "since: must not be after until");
  if (Date.parse(until) - Date.parse(since) > MAX_DAYS * DAY_MS) {
    throw new AppError("invalid_query", `since: must be at most ${MAX_DAYS} days before until`);
  }
  return { since, until };
}

// The first year that a time may be in; what is before it has no four digits in the database.
const EARLIEST_MS = Date.parse("0001-01-01T00:00:00Z");

/** Times of one form compare as texts. */
function later(left: string, right: string | undefined): string {
  return right !== undefined && right > left ? right : left;
}

function inMicroseconds(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace("Z", "000Z");
}
