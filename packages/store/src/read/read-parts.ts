import { type SQL, sql } from "drizzle-orm";
import { PAGE_BYTES, shareOf, type Truncated } from "./page-budget.ts";
import { executePrepared, type ReadDatabase } from "../connection/read-database.ts";

/** The parts of a row that may be large. */
export interface RowParts<Json> {
  /** From 1, as in the page. */
  readonly place: number;
  /** Null when it was left out, or is null. */
  readonly json: Json | null;
  readonly text: string | null;
  /** In bytes; of what is not shown, those on disk. */
  readonly jsonBytes: number;
  readonly textBytes: number;
  readonly hasJson: boolean;
  readonly hasText: boolean;
}

/** How a page keeps to its budget. */
export interface PartsOptions {
  /** Whether each row is to come. Else the page ends before the row that would be too much; the first one always comes. */
  readonly keepsRows?: boolean;
  /** Whether the JSON is `jsonb`. */
  readonly isBinary?: boolean;
}

/**
 * Read the large parts of a page's rows, as many as the budget holds. A row that is larger than all of it, or, where each row is to
 * come and they are too much together, larger than its share, comes without its parts that make up more than half of that.
 *
 * Sizes on disk are summed up first, and what lies beyond the budget by these is not unpacked: so a page unpacks a few hundred
 * megabytes at most, if everything in it compresses as well as anything can.
 * @param rows selects `place`, from 1 without a gap, `json` and `text`.
 */
export async function readParts<Json>(
  db: ReadDatabase,
  rows: SQL,
  count: number,
  { keepsRows = false, isBinary = false }: PartsOptions = {},
): Promise<readonly RowParts<Json>[]> {
  const budget = sql.raw(String(PAGE_BYTES));
  const share = sql`${keepsRows ? shareOf(count) : 0}::int`;
  const measure = isBinary
    ? sql`CASE WHEN pg_column_size(json || '{}'::jsonb) > 2 * ${budget} THEN pg_column_size(json || '{}'::jsonb)
          ELSE octet_length(json::text) END`
    : sql`octet_length(json::text)`;
  const bound = keepsRows
    ? sql`CASE WHEN sum(json_bytes + text_bytes) OVER () <= ${budget} THEN ${budget} ELSE ${share} END`
    : budget;
  return executePrepared<RowParts<Json>>(
    db,
    sql`
    SELECT place::int, CASE WHEN has_json THEN json END AS json, CASE WHEN has_text THEN text END AS text,
           json_bytes::float8 AS "jsonBytes", text_bytes::float8 AS "textBytes", has_json AS "hasJson", has_text AS "hasText"
    FROM (
      SELECT kept.*, sum(CASE WHEN has_json THEN json_bytes ELSE 0 END + CASE WHEN has_text THEN text_bytes ELSE 0 END)
                       OVER (ORDER BY place) AS bytes
      FROM (
        SELECT bounded.*, json_bytes + text_bytes <= bound OR json_bytes <= bound / 2 AS has_json,
               json_bytes + text_bytes <= bound OR text_bytes <= bound / 2 AS has_text
        FROM (
          SELECT sized.*, ${bound} AS bound
          FROM (
            SELECT placed.*, CASE WHEN stored > ${budget} OR (stored_before >= ${budget} AND stored > ${share}) THEN stored
                                  ELSE ${measure} END AS json_bytes
            FROM (
              SELECT part.*, coalesce(sum(CASE WHEN stored > ${budget} THEN 0 ELSE stored END)
                       OVER (ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS stored_before
              FROM (
                SELECT part.*, coalesce(pg_column_size(json), 0) AS stored, coalesce(octet_length(text), 0) AS text_bytes
                FROM (${rows}) part
                OFFSET 0
              ) part
            ) placed
            OFFSET 0
          ) sized
        ) bounded
        OFFSET 0
      ) kept
    ) page
    WHERE ${keepsRows ? sql`true` : sql`stored_before < ${budget} AND (place = 1 OR bytes <= ${budget})`}
    ORDER BY place`,
  );
}

/** Name the parts that were left out, under the names that readers know them by. */
export function leftOut(
  { hasJson, hasText, jsonBytes, textBytes }: RowParts<unknown>,
  names: { readonly json: string; readonly text?: string },
): Truncated | undefined {
  const sizes = {
    ...(hasJson ? {} : { [names.json]: jsonBytes }),
    ...(hasText || names.text === undefined ? {} : { [names.text]: textBytes }),
  };
  return Object.keys(sizes).length === 0 ? undefined : sizes;
}
