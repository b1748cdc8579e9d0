import { type AnyColumn, type SQL, sql } from "drizzle-orm";
import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import type { Database } from "../connect.ts";

/** The database as the read queries see it. */
export type ReadDatabase = PostgresJsDatabase;

/** Bind drizzle to a pool of its own: it changes how the pool parses JSON and times. */
export function toReadDatabase(pool: Database): ReadDatabase {
  return drizzle(pool);
}

/** A time as ISO 8601 in UTC, with microseconds. */
export function isoTime(column: AnyColumn): SQL<string> {
  return sql<string>`to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

/** The same of a column that may be null. */
export function isoTimeOrNull(column: AnyColumn): SQL<string | null> {
  return isoTime(column);
}
