/** A page of a timeline is one round trip, and planned with its values. */
import { randomUUID } from "node:crypto";
import { connectDatabase, type Database } from "@turnpike/store/connection/read-connection";
import { readLatest } from "@turnpike/store/read/events/read-latest";
import { toReadDatabase } from "@turnpike/store/connection/read-database";
import { readEvents } from "@turnpike/store/read/events/read-events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

// Postgres looks at whether a plan for any values would do from the sixth execution on.
const TIMES = 8;
let database: TestDatabase;
let pool: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = connectDatabase({ url: database.url, maxConnections: 1, name: "test" });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

async function listPrepared(): Promise<{ text: string; custom: number; generic: number }[]> {
  return pool.unsafe(`
    SELECT statement AS text, custom_plans::int AS custom, generic_plans::int AS generic
    FROM pg_prepared_statements ORDER BY prepare_time`);
}

describe("the questions of those who follow a session", () => {
  it("are prepared once for each connection, whatever their values, and planned each time", async () => {
    const db = toReadDatabase(pool);
    for (let time = 1; time <= TIMES; time += 1) {
      await readEvents(db, randomUUID(), randomUUID(), { after: time, limit: time });
    }
    for (let time = 1; time <= TIMES; time += 1) {
      const sessions = Array.from({ length: time }, () => ({
        orgId: randomUUID(),
        sessionId: randomUUID(),
      }));
      await readLatest(db, sessions);
    }

    expect(await listPrepared()).toEqual([
      { text: expect.stringContaining("session_events"), custom: TIMES, generic: 0 },
      { text: expect.stringContaining("unnest"), custom: TIMES, generic: 0 },
    ]);
  });
});
