import type { ErrorCode } from "@turnpike/domain/errors";
import { and, sql } from "drizzle-orm";
import type { ReadDatabase } from "../connection/read-database.ts";
import { deadLetters, isLetter } from "../schema.ts";
import { conditionsOf, type LetterFilter } from "./letter-filter.ts";
import { letterState, type LetterState } from "./letter-view.ts";

/** How many letters a filter means. */
export interface LetterSurvey {
  readonly byState: Readonly<Record<LetterState, number>>;
  /** Of those that are dead; the commonest first, as in the next. */
  readonly byCode: readonly { readonly code: ErrorCode; readonly count: number }[];
  readonly byOrg: readonly { readonly orgId: string; readonly count: number }[];
  /** Receipts that were named and have no letter. */
  readonly unknown: number;
}

// More than a person reads.
const MAX_ORGS = 100;

interface Part {
  readonly orgId: string;
  readonly code: ErrorCode;
  readonly state: LetterState;
  readonly count: number;
}

/** Count the letters that a filter means, in one snapshot. The cost grows with their number. */
export async function surveyDeadLetters(db: ReadDatabase, filter: LetterFilter): Promise<LetterSurvey> {
  const parts: Part[] = await db
    .select({
      orgId: deadLetters.orgId,
      code: deadLetters.code,
      state: letterState.as("state"),
      count: sql<number>`count(*)::float8`.as("count"),
    })
    .from(deadLetters)
    .where(and(isLetter, ...conditionsOf(filter)))
    .groupBy(deadLetters.orgId, deadLetters.code, sql`state`);
  const dead = parts.filter(({ state }) => state === "dead");
  const countOf = (state: LetterState) => sum(parts.filter((part) => part.state === state));
  return {
    byState: {
      dead: sum(dead),
      replaying: countOf("replaying"),
      discarded: countOf("discarded"),
      resolved: countOf("resolved"),
    },
    byCode: sumBy(dead, ({ code }) => code).map(([code, count]) => ({ code, count })),
    byOrg: sumBy(dead, ({ orgId }) => orgId)
      .slice(0, MAX_ORGS)
      .map(([orgId, count]) => ({ orgId, count })),
    unknown: filter.receipts === undefined ? 0 : Math.max(0, new Set(filter.receipts).size - sum(parts)),
  };
}

function sum(parts: readonly Part[]): number {
  return parts.reduce((total, { count }) => total + count, 0);
}

function sumBy<K>(parts: readonly Part[], keyOf: (part: Part) => K): [K, number][] {
  const sums = new Map<K, number>();
  for (const part of parts) sums.set(keyOf(part), (sums.get(keyOf(part)) ?? 0) + part.count);
  return [...sums].sort(([, left], [, right]) => right - left);
}
