import { type SQL, sql } from "drizzle-orm";
import type { Truncated } from "./page-budget.ts";
import type { ReadDatabase } from "../connection/read-database.ts";
import { leftOut, type PartsOptions, readParts } from "./read-parts.ts";

/** A row as it is read first, with what fits into its share of the page. */
export interface FirstRow<Json> {
  /** Null when it does not fit, or is null. */
  readonly large: Json | null;
  /** Its size on disk when it does not fit, else null. */
  readonly largeBytes: number | null;
  /** The sizes of texts that were cut. */
  readonly cut: Truncated | null;
}

/** The same once all that the budget allows is there. */
export type FilledRow<Row extends FirstRow<unknown>> = Omit<Row, "largeBytes" | "cut"> & {
  readonly truncated?: Truncated;
};

/**
 * Read what did not fit into the rows' shares of a page, as far as the page's budget goes: there may be fewer rows than before.
 * @param name under which readers know what is large.
 * @param select `json` of these rows, with their `place`.
 */
export async function fillLarge<Row extends FirstRow<unknown>>(
  db: ReadDatabase,
  rows: readonly Row[],
  name: string,
  select: (rows: readonly Row[]) => SQL,
  options: Pick<PartsOptions, "isBinary"> = {},
): Promise<FilledRow<Row>[]> {
  if (rows.every((row) => row.largeBytes === null)) return rows.map((row) => markRow(row, name));
  const query = sql`SELECT place, json, NULL::text AS text FROM (${select(rows)}) part`;
  const parts = await readParts<Row["large"]>(db, query, rows.length, options);
  return parts.map((part) => {
    const row = rows[part.place - 1] as Row;
    const bytes = leftOut(part, { json: name })?.[name] ?? null;
    return markRow({ ...row, large: part.json, largeBytes: bytes }, name);
  });
}

/** Say of a row what it does not show. */
export function markRow<Row extends FirstRow<unknown>>(row: Row, name: string): FilledRow<Row> {
  const { largeBytes, cut, ...rest } = row;
  if (largeBytes === null && cut === null) return rest;
  return { ...rest, truncated: { ...cut, ...(largeBytes === null ? {} : { [name]: largeBytes }) } };
}
