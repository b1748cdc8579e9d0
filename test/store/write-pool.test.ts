import { isAppError } from "@turnpike/domain/errors";
import { createWritePool } from "@turnpike/store/connection/write-pool";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;
let pool: ReturnType<typeof createWritePool>;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createWritePool({ url: database.url, maxConnections: 1, name: "test" });
  await pool.statement`CREATE TABLE notes (word text PRIMARY KEY)`;
});

afterAll(async () => {
  await pool.close();
  await database.drop();
});

const causeOf = (error: unknown): unknown => (isAppError(error) ? error.cause : error);

describe("statements of a transaction that are sent together", () => {
  it("run in the order of the calls, each seeing what the ones before it did", async () => {
    const rows = await pool.transaction(async (tx) => {
      const [, found] = await Promise.all([
        tx`INSERT INTO notes VALUES (${"seen"})`,
        tx<{ word: string }>`SELECT word FROM notes WHERE word = ${"seen"}`,
      ]);
      return found;
    });
    expect(rows).toEqual([{ word: "seen" }]);
  });

  it("leave nothing behind when one fails, and the first failure is told, however late it is heard of", async () => {
    const failure = await pool
      .transaction(async (tx) => {
        const slow = async (): Promise<unknown> => {
          try {
            return await tx`SELECT 1 / ${0}::int`;
          } finally {
            // Others hear of theirs meanwhile.
            await Promise.resolve().then(() => {});
          }
        };
        await Promise.all([tx`INSERT INTO notes VALUES (${"lost"})`, slow(), tx`SELECT ${1}::int`]);
      })
      .catch((error: unknown) => error);
    expect(causeOf(failure)).toMatchObject({ code: "22012" });
    expect(await pool.statement`SELECT FROM notes WHERE word = ${"lost"}`).toEqual([]);
  });

  it("leave a connection on which the next transaction runs", async () => {
    const run = () => pool.transaction((tx) => tx<{ one: number }>`SELECT ${1}::int AS one`);
    await pool.transaction((tx) => tx`SELECT no_such_column`).catch(() => {});
    expect(await run()).toEqual([{ one: 1 }]);
  });

  it("may travel with the COMMIT", async () => {
    const result = await pool.transaction(
      async (tx) => (await tx<{ word: string }>`SELECT ${"with commit"} AS word`)[0]?.word,
      (tx, word) => tx`INSERT INTO notes VALUES (${word})`,
    );
    expect(result).toBe("with commit");
    expect(await pool.statement`SELECT word FROM notes WHERE word = ${"with commit"}`).toHaveLength(1);
  });

  it("leave nothing behind when one that travels with the COMMIT fails", async () => {
    const failure = await pool
      .transaction(
        (tx) => tx`INSERT INTO notes VALUES (${"before"})`,
        (tx) =>
          Promise.all([tx`INSERT INTO notes VALUES (${"beside"})`, tx`SELECT 1 / ${0}::int`, tx`SELECT 2`]),
      )
      .catch((error: unknown) => error);
    expect(causeOf(failure)).toMatchObject({ code: "22012" });
    expect(await pool.statement`SELECT FROM notes WHERE word IN (${"before"}, ${"beside"})`).toEqual([]);
  });
});

describe("a statement that cannot be sent", () => {
  it("is not committed around when it was to travel with the COMMIT", async () => {
    const failure = await pool
      .transaction(
        (tx) => tx`INSERT INTO notes VALUES (${"around 1"})`,
        (tx) =>
          Promise.all([
            tx`INSERT INTO notes VALUES (${"around 2"})`,
            tx`INSERT INTO notes SELECT unnest(${[{ no: "text" }]}::text[])`,
            tx`INSERT INTO notes VALUES (${"around 3"})`,
          ]),
      )
      .catch((error: unknown) => error);
    // Our own exception, and not a store that is away: what is to be waited for?
    expect(failure).toBeInstanceOf(TypeError);
    expect(await pool.statement`SELECT FROM notes WHERE word LIKE ${"around%"}`).toEqual([]);
  });
});

describe("arrays", () => {
  it("arrive as they were sent, whatever the strings say", async () => {
    const texts = ['"', "\\", '\\"', "{,}", "NULL", "", " ", "a\nb\r\tc", "\u001f", "עברית 🐞 日本", null];
    const numbers = [0, -1, 2 ** 53 - 1, null];
    const [row] = await pool.statement<{ texts: unknown; numbers: unknown; none: unknown }>`
      SELECT ${texts}::text[] AS texts, ${numbers}::float8[] AS numbers, ${[]}::uuid[] AS none`;
    expect(row).toEqual({ texts, numbers, none: [] });
  });
});

describe("an exception of our own inside a transaction", () => {
  it("is thrown as it is, leaves nothing behind, and costs no connection", async () => {
    const ours = new RangeError("ours");
    const session = async () =>
      (await pool.statement<{ pid: number }>`SELECT pg_backend_pid() AS pid`)[0]?.pid;
    const before = await session();
    const failure = await pool
      .transaction(async (tx) => {
        await tx`INSERT INTO notes VALUES (${"ours"})`;
        throw ours;
      })
      .catch((error: unknown) => error);
    expect(failure).toBe(ours);
    expect(await pool.statement`SELECT FROM notes WHERE word = ${"ours"}`).toEqual([]);
    expect(await session()).toBe(before);
  });
});
