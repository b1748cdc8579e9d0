/**
 * Pages are bounded in bytes before they are loaded. A page is read with the share that each of its rows may take, so the usual one
 * costs one look at its sizes; rows with more come without their large parts, and these are read by a second statement
 * (`read-parts.ts`), which sums them up.
 *
 * Bytes are those of the text that is sent, not those on disk: what compresses well is a few hundred times as large. The size on disk
 * is asked first all the same, for it is known without reading what is large.
 */
import { type SQL, sql } from "drizzle-orm";

/**
 * What the rows of one page hold, and what one piece of a stream does. As many of these are in memory as there are connections for
 * reading, and in other forms at the same time: parsed and written out again some ten times as much.
 */
export const PAGE_BYTES = 4 * 1024 * 1024;

/** A text that people read at a glance: names, models, reasons. Longer ones are cut. */
const TEXT: TextBound = { bytes: 4 * 1024, chars: 1_000 };

/** The same where a page has several on each of up to 1,000 rows: ids and kinds. */
export const SHORT_TEXT: TextBound = { bytes: 1_000, chars: 250 };

/** How large something was that is not shown, or not whole, by its name; in bytes. */
export type Truncated = Readonly<Record<string, number>>;

/** What each row of a page may hold for the page to keep to its budget, whatever the rows are. */
export function shareOf(rows: number): number {
  return Math.floor(PAGE_BYTES / (rows + 1));
}

/** Whether JSON has at most so many bytes. It unpacks nothing that is larger on disk. */
export function jsonFits(json: SQL, share: number): SQL<boolean> {
  // In this order: as it is written, outside of a WHERE.
  return sql<boolean>`pg_column_size(${json}) <= ${share}::int AND octet_length(${json}::text) <= ${share}::int`;
}

// Numbers are short in `jsonb` and long in text, by a factor of 20: before it becomes text it must not be large unpacked either.
/** The same of `jsonb`. */
export function jsonbFits(jsonb: SQL, share: number): SQL<boolean> {
  return sql<boolean>`CASE WHEN pg_column_size(${jsonb}) > ${share}::int THEN false
    WHEN pg_column_size(${jsonb} || '{}'::jsonb) > 8 * ${share}::bigint THEN false
    ELSE octet_length(${jsonb}::text) <= ${share}::int END`;
}

/** The size on disk of what does not fit; null of what does, and of what is null. */
export function bytesLeftOut(fits: SQL<boolean>, json: SQL): SQL<number | null> {
  return sql<number | null>`CASE WHEN ${fits} THEN NULL ELSE pg_column_size(${json}) END`;
}

/** How long a text may be; a longer one is cut to so many characters. */
interface TextBound {
  readonly bytes: number;
  readonly chars: number;
}

/** A text, cut when it is long. */
export function cutText<T extends string | null = string>(text: SQL, bound: TextBound = TEXT): SQL<T> {
  return sql<T>`CASE WHEN ${isLong(text, bound)} THEN left(${text}, ${sql.raw(String(bound.chars))}) ELSE ${text} END`;
}

/** The sizes of the texts that are cut, as JSON by the names that readers know them by; null when none is. */
export function cutSizes(
  texts: Readonly<Record<string, SQL>>,
  bound: TextBound = TEXT,
): SQL<Truncated | null> {
  const entries = Object.entries(texts);
  const sizes = entries.map(
    ([name, text]) =>
      sql`${sql.raw(`'${name}'`)}, CASE WHEN ${isLong(text, bound)} THEN octet_length(${text}) END`,
  );
  const isAnyLong = sql.join(
    entries.map(([, text]) => isLong(text, bound)),
    sql` OR `,
  );
  return sql<Truncated | null>`CASE WHEN ${isAnyLong}
    THEN json_strip_nulls(json_build_object(${sql.join(sizes, sql`, `)})) END`;
}

function isLong(text: SQL, { bytes }: TextBound): SQL<boolean> {
  return sql<boolean>`octet_length(${text}) > ${sql.raw(String(bytes))}`;
}
