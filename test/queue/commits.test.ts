/** What waits for the disk of a Postgres that holds the queue: a turn's 202, and nothing else of the queue. */
import { openPostgres } from "@turnpike/queue/backend/postgres/open-postgres";
import type { Pool } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

it.each([
  { role: "producer", waits: "on" },
  { role: "consumer", waits: "off" },
] as const)("a commit of a $role waits for the disk: $waits", async ({ role, waits }) => {
  const log = { info() {}, warn() {}, error() {} };
  const client = await openPostgres(database.url, role, log);
  const pool = client.connection as Pool;
  try {
    // The connection that brought the schema up to date, and another.
    const answers = await Promise.all([1, 2].map(() => pool.query("SHOW synchronous_commit")));
    expect(answers.map(({ rows }) => rows as unknown)).toEqual(
      [1, 2].map(() => [{ synchronous_commit: waits }]),
    );
    expect(pool.totalCount).toBe(2);
  } finally {
    await client.close();
  }
});
