import { AppError } from "@turnpike/domain/errors";
import { and, asc, or, sql } from "drizzle-orm";
import { z } from "zod";
import { decodeCursor, encodeCursor, toScope } from "../read/cursor.ts";
import type { ReadDatabase } from "../connection/read-database.ts";
import { deadLetters } from "../schema.ts";
import { conditionsOf, type LetterFilter } from "./letter-filter.ts";
import { isInState, type LetterState } from "./letter-view.ts";

/** What names a dead letter. */
export interface LetterKey {
  readonly orgId: string;
  readonly receipt: string;
}

const Key = z.tuple([z.uuid(), z.uuid()]);

/**
 * Select the letters that an act over a filter is to look at, a part at a time, in the order of org and receipt. A
 * letter that fails again meanwhile keeps its place: so whoever follows the cursors comes to an end, whatever becomes of the
 * letters.
 * @param states those that the act may apply to.
 * @throws AppError `invalid_query` when the cursor belongs to another filter.
 */
export async function selectDeadLetters(
  db: ReadDatabase,
  filter: LetterFilter,
  states: readonly LetterState[],
  page: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<{
  readonly keys: readonly LetterKey[];
  cursorAfter(key: LetterKey): string;
  readonly hasMore: boolean;
}> {
  const { orgId, receipts, code, since, until } = filter;
  const scope = toScope("letters-to-act-on", states, orgId, receipts, code, since, until);
  const rows = await db
    .select({ orgId: deadLetters.orgId, receipt: deadLetters.receipt })
    .from(deadLetters)
    .where(
      and(
        ...conditionsOf(filter),
        or(...states.map((state) => isInState[state])),
        page.cursor === undefined ? undefined : followsKey(decodeCursor(scope, page.cursor)),
      ),
    )
    .orderBy(asc(deadLetters.orgId), asc(deadLetters.receipt))
    .limit(page.limit + 1);
  return {
    keys: rows.slice(0, page.limit),
    cursorAfter: (key) => encodeCursor(scope, [key.orgId, key.receipt]),
    hasMore: rows.length > page.limit,
  };
}

function followsKey(key: readonly string[]) {
  const parsed = Key.safeParse(key);
  if (!parsed.success) throw new AppError("invalid_query", "cursor: not a cursor of this act");
  const [orgId, receipt] = parsed.data;
  return sql`(${deadLetters.orgId}, ${deadLetters.receipt}) > (${orgId}::uuid, ${receipt}::uuid)`;
}
