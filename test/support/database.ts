import { randomUUID } from "node:crypto";
import postgres, { type Sql } from "postgres";
import { inject } from "vitest";
import { templateName } from "./template-name.ts";
import { withDatabase } from "./with-database.ts";

// Any number that nothing else locks in the database of `postgresUrl`.
const cloneLock = 4_201;

/** A migrated, empty database of its own. */
export interface TestDatabase {
  readonly url: string;
  /** Drop the database, ending the sessions that still use it. */
  drop(): Promise<void>;
}

/**
 * Clone the migrated template (about 100 ms). Clones are made one after the other, across all test processes. Rights on the database
 * itself, as opposed to what is in it, are not cloned.
 */
export function createTestDatabase(): Promise<TestDatabase> {
  return createDatabase(templateName);
}

/** Make a database in which not even the tables are. */
export function createEmptyDatabase(): Promise<TestDatabase> {
  return createDatabase("template0");
}

async function createDatabase(template: string): Promise<TestDatabase> {
  const postgresUrl = inject("postgresUrl");
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await withConnection(postgresUrl, async (sql) => {
    // The session's end releases it.
    await sql`SELECT pg_advisory_lock(${cloneLock})`;
    await sql`CREATE DATABASE ${sql(name)} TEMPLATE ${sql(template)}`;
  });
  return {
    url: withDatabase(postgresUrl, name),
    drop: () =>
      withConnection(postgresUrl, async (sql) => {
        await sql`DROP DATABASE IF EXISTS ${sql(name)} WITH (FORCE)`;
      }),
  };
}

async function withConnection(url: string, run: (sql: Sql) => Promise<void>): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    await run(sql);
  } finally {
    await sql.end();
  }
}
