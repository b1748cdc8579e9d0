import { AppError } from "@turnpike/domain/errors";
import { and, desc, type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import { decodeCursor, encodeCursor, toScope } from "../read/cursor.ts";
import type { ReadDatabase } from "../connection/read-database.ts";
import { deadLetters, isLetter } from "../schema.ts";
import { conditionsOf, type LetterFilter } from "./letter-filter.ts";
import { isInState, type LetterState, letterView, showLetter } from "./letter-view.ts";

/** Which dead letters to list. */
export interface ListDeadLettersQuery extends LetterFilter {
  readonly state?: LetterState | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

const Key = z.tuple([z.iso.datetime({ precision: 6 }), z.uuid(), z.uuid()]);

/**
 * List dead letters a page at a time, the last failed first, by keyset: whoever follows the cursors sees each once, but for
 * those that fail again meanwhile.
 * @throws AppError `invalid_query` when the cursor belongs to another query.
 */
export async function listDeadLetters(db: ReadDatabase, query: ListDeadLettersQuery) {
  const { state, limit, cursor, ...filter } = query;
  const scope = toScope("dead-letters", state, filter.orgId, filter.code, filter.since, filter.until);
  const follows = cursor === undefined ? undefined : followsKey(filter, decodeCursor(scope, cursor));
  const rows = await db
    .select(letterView)
    .from(deadLetters)
    .where(
      and(isLetter, ...conditionsOf(filter), ...(state === undefined ? [] : [isInState[state]]), follows),
    )
    .orderBy(desc(deadLetters.lastFailedAt), desc(deadLetters.orgId), desc(deadLetters.receipt))
    .limit(limit + 1);
  const items = rows.slice(0, limit).map((row) => showLetter(row));
  const last = items.at(-1);
  const nextCursor =
    rows.length > limit && last !== undefined
      ? encodeCursor(scope, [last.lastFailedAt, last.orgId, last.receipt])
      : null;
  return { items, nextCursor };
}

/** Of one org the org is no part of the key: only so is the index of that org's letters entered at the right place. */
function followsKey({ orgId }: LetterFilter, key: readonly string[]): SQL {
  const parsed = Key.safeParse(key);
  if (!parsed.success) throw new AppError("invalid_query", "cursor: not a cursor of this route");
  const [time, org, receipt] = parsed.data;
  return orgId === undefined
    ? sql`(${deadLetters.lastFailedAt}, ${deadLetters.orgId}, ${deadLetters.receipt})
          < (${time}::timestamptz, ${org}::uuid, ${receipt}::uuid)`
    : sql`(${deadLetters.lastFailedAt}, ${deadLetters.receipt}) < (${time}::timestamptz, ${receipt}::uuid)`;
}
