import type { Sql } from "postgres";

/** What a database has done for its clients since the last reset. */
export interface StatementCosts {
  /** Statements of clients; those inside triggers count with the statement that fired them. */
  readonly statements: number;
  readonly rows: number;
  /** Of the log that makes commits durable. */
  readonly walBytes: number;
  /** Of 8 kB, of tables and indexes, each as often as it was looked at. */
  readonly pages: number;
  readonly databaseMs: number;
}

/** Settings under which statements are counted. Without whole pages in the log, what it takes depends on the writes alone. */
export const COUNTING_SETTINGS: Readonly<Record<string, string>> = {
  shared_preload_libraries: "pg_stat_statements",
  "pg_stat_statements.max": "10000",
  full_page_writes: "off",
  autovacuum: "off",
};

/** Begin to count. */
export async function installCounting(sql: Sql): Promise<void> {
  await sql`CREATE EXTENSION IF NOT EXISTS pg_stat_statements /* bench */`;
}

/** Count from zero again. */
export async function resetStatements(sql: Sql): Promise<void> {
  await sql`SELECT pg_stat_statements_reset() /* bench */`;
}

/** Read the costs, without those of statements that carry our marker. */
export async function readStatements(sql: Sql): Promise<StatementCosts> {
  const [row] = await sql<StatementCosts[]>`
    SELECT coalesce(sum(calls), 0)::float8 AS "statements", coalesce(sum(rows), 0)::float8 AS "rows",
           coalesce(sum(wal_bytes), 0)::float8 AS "walBytes",
           coalesce(sum(shared_blks_hit + shared_blks_read), 0)::float8 AS "pages",
           coalesce(sum(total_exec_time), 0) AS "databaseMs"
    FROM pg_stat_statements WHERE query NOT LIKE '%/* bench */%' AND query NOT LIKE '%pg_stat_statements%'`;
  if (row === undefined) throw new Error("statements are not counted");
  return row;
}
