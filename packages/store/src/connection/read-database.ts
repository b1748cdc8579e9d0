import { type AnyColumn, type SQL, sql } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import type { Database } from "./read-connection.ts";

/** The database as the read queries see it. */
export type ReadDatabase = PostgresJsDatabase & { readonly $client: Database };

/** Bind drizzle to a pool of its own: it changes how the pool parses JSON and times. */
export function toReadDatabase(pool: Database): ReadDatabase {
  return drizzle(pool);
}

const dialect = new PgDialect();

/**
 * Run a query that is prepared once per connection: one round trip, where `execute` takes two and has it parsed every time. Only
 * for queries with few different texts, for a connection keeps them all.
 */
export async function executePrepared<Row extends object>(
  db: ReadDatabase,
  query: SQL,
): Promise<readonly Row[]> {
  const { sql: text, params } = dialect.sqlToQuery(query);
  return db.$client.unsafe<Row[]>(text, params as never[], { prepare: true });
}

/** A time as ISO 8601 in UTC, with microseconds. */
export function isoTime(column: AnyColumn): SQL<string> {
  return sql<string>`to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

/** The same of a column that may be null. */
export function isoTimeOrNull(column: AnyColumn): SQL<string | null> {
  return isoTime(column);
}
