import { Client } from "pg";
import postgres, { type Sql } from "postgres";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type StatementCutter, createStatementCutter } from "./cut-after.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { waitUntil } from "./wait-until.ts";

let database: TestDatabase;
let direct: Sql;
let cutter: StatementCutter;
let sql: Sql;

beforeAll(async () => {
  database = await createTestDatabase();
  direct = postgres(database.url, { max: 1 });
  await direct`CREATE TABLE step (id int PRIMARY KEY, filler text)`;
});

beforeEach(async () => {
  await direct`TRUNCATE step`;
  cutter = await createStatementCutter(database.url);
  sql = postgres(cutter.url, { max: 1 });
});

afterEach(async () => {
  await sql.end({ timeout: 0 });
  await cutter.close();
});

afterAll(async () => {
  await direct.end();
  await database.drop();
});

const lost = { code: expect.stringMatching(/^(CONNECTION_CLOSED|ECONNRESET)$/) };

// BEGIN, three statements, COMMIT.
const statementCount = 5;

const runTransaction = (filler = "") =>
  sql.begin(async (tx) => {
    await tx`INSERT INTO step (id, filler) VALUES (1, ${filler})`;
    await tx`INSERT INTO step (id, filler) VALUES (2, ${filler})`;
    await tx`UPDATE step SET filler = '' WHERE id = 2`;
  });

const countRows = async (): Promise<number> => {
  const rows = await direct<{ count: number }[]>`SELECT count(*)::int AS count FROM step`;
  return rows[0]?.count ?? -1;
};

const noSessionIsLeft = () =>
  waitUntil(
    async () => {
      const others = await direct`
        SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`;
      return others.length === 0;
    },
    { what: "the server has noticed the loss" },
  );

test("an unarmed cutter counts the statements of a transaction, from BEGIN to COMMIT", async () => {
  cutter.cutAt(undefined);
  await sql`SELECT 'before'`;
  await runTransaction();
  await sql`SELECT 'after'`;
  expect(cutter.statements()).toBe(statementCount);
  expect(cutter.texts().map((text) => text.trim().split(" ")[0]?.toUpperCase())).toEqual([
    "BEGIN",
    "INSERT",
    "INSERT",
    "UPDATE",
    "COMMIT",
  ]);
  expect(cutter.wasCut()).toBe(false);
  expect(cutter.sentCommit()).toBe(true);
  expect(await countRows()).toBe(2);
});

describe.each([1, 2, 3, 4, 5])("cut at statement %i of five", (k) => {
  test("before it: the client fails and nothing is written", async () => {
    cutter.cutAt(k, "before");
    await expect(runTransaction()).rejects.toMatchObject(lost);
    await noSessionIsLeft();
    expect(cutter.wasCut()).toBe(true);
    expect(cutter.statements()).toBe(k);
    expect(cutter.sentCommit()).toBe(false);
    expect(await countRows()).toBe(0);
  });

  test("after it: the client fails, and what is written depends on whether it was COMMIT", async () => {
    cutter.cutAt(k, "after");
    await expect(runTransaction()).rejects.toMatchObject(lost);
    await noSessionIsLeft();
    expect(cutter.wasCut()).toBe(true);
    expect(cutter.sentCommit()).toBe(k === statementCount);
    expect(await countRows()).toBe(k === statementCount ? 2 : 0);
  });
});

test("a cut beyond the last statement never happens", async () => {
  cutter.cutAt(statementCount + 1);
  await runTransaction();
  await sql`SELECT 1`;
  expect(cutter.wasCut()).toBe(false);
});

test("after a cut the next attempt goes through", async () => {
  cutter.cutAt(3);
  await expect(runTransaction()).rejects.toMatchObject(lost);
  await runTransaction();
  expect(await countRows()).toBe(2);
});

test("prepared statements that are executed again are still told by their text", async () => {
  await runTransaction();
  await direct`TRUNCATE step`;
  cutter.cutAt(undefined);
  await runTransaction();
  expect(cutter.texts()[1]).toContain("INSERT INTO step");
});

test("statements of several megabytes, which come in many pieces, are counted once", async () => {
  cutter.cutAt(3);
  await expect(runTransaction("é".repeat(2_000_000))).rejects.toMatchObject(lost);
  expect(cutter.statements()).toBe(3);
  cutter.cutAt(undefined);
  await runTransaction("Q".repeat(2_000_000));
  expect(cutter.statements()).toBe(statementCount);
});

test("a client that asks for TLS is told to go on without it", async () => {
  const preferring = postgres(cutter.url, { max: 1, ssl: "prefer" });
  try {
    expect(await preferring`SELECT 1 AS one`).toMatchObject([{ one: 1 }]);
  } finally {
    await preferring.end();
  }
});

test("only the first transaction after arming is cut, whatever other sessions do", async () => {
  const other = postgres(cutter.url, { max: 1 });
  try {
    await other`SELECT 1`;
    cutter.cutAt(4);
    const result = await sql.begin(async (tx) => {
      await tx`INSERT INTO step (id) VALUES (1)`;
      await other.begin(async (second) => {
        await second`SELECT 1`;
        await second`SELECT 2`;
        await second`SELECT 3`;
      });
      return "done";
    });
    expect(result).toBe("done");
    expect(cutter.statements()).toBe(3);
    expect(cutter.wasCut()).toBe(false);
  } finally {
    await other.end();
  }
});

test("the connection can also be closed in order, as by a server that ends", async () => {
  const client = new Client({ connectionString: cutter.url });
  const losses: Error[] = [];
  client.on("error", (error) => losses.push(error));
  await client.connect();
  cutter.cutAt(3, "after", "closed");
  await client.query("BEGIN");
  await client.query("INSERT INTO step (id) VALUES ($1)", [1]);
  await expect(client.query("COMMIT")).rejects.toThrow("Connection terminated unexpectedly");
  expect(losses).toMatchObject([{ message: "Connection terminated unexpectedly" }]);
  expect(await countRows()).toBe(1);
});
