import type { Run } from "../connection/with-session.ts";
import { growingTables } from "./growing-tables.ts";

/** One of the growing tables, as it is. */
export interface SurveyedTable {
  readonly name: string;
  readonly oid: number;
  /** Name with schema, quoted for SQL. */
  readonly path: string;
  /** The schema alone, quoted. */
  readonly schema: string;
  /** 0 when it is not partitioned. */
  readonly partitions: number;
  /** By what it is partitioned, as Postgres writes it; null when it is not. */
  readonly key: string | null;
  /** On disk, with indexes and what was moved out of line. */
  readonly bytes: number;
}

/** Look at the growing tables that are there, in their order, in the first schema of the search path that has them. */
export async function surveyTables(run: Run): Promise<SurveyedTable[]> {
  const { rows } = await run<SurveyedTable & { readonly bytes: string }>(
    `SELECT t.name, c.oid::int8::float8 AS oid, format('%I.%I', n.nspname, c.relname) AS path,
            quote_ident(n.nspname) AS schema,
            CASE WHEN c.relkind = 'p' THEN (SELECT count(*)::int FROM pg_inherits WHERE inhparent = c.oid) ELSE 0 END
              AS partitions,
            pg_get_partkeydef(c.oid) AS key,
            coalesce((SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree(c.oid)),
                     pg_total_relation_size(c.oid))::text AS bytes
     FROM unnest($1::text[]) WITH ORDINALITY AS t (name, place)
     JOIN pg_class c ON c.oid = to_regclass(quote_ident(t.name))
     JOIN pg_namespace n ON n.oid = c.relnamespace
     ORDER BY t.place`,
    [[...growingTables]],
  );
  return rows.map((row) => ({ ...row, bytes: Number(row.bytes) }));
}

/** Count a table's rows, one by one. */
export async function countRows(run: Run, path: string): Promise<number> {
  const { rows } = await run<{ count: string }>(`SELECT count(*) AS count FROM ${path}`);
  return Number(rows[0]?.count);
}
