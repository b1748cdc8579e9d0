/** A connection is lost while, before, or right after it is asked: there is an end, and it is no false one. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { isAppError } from "@turnpike/domain/errors";
import { createReadPool } from "@turnpike/store/connection/read-pool";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createStatementCutter } from "../support/cut-after.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { waitUntil } from "../support/wait-until.ts";

const ROUNDS = 120;
let database: TestDatabase;
let proxy: TcpProxy;

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await createTcpProxy(database.url);
});
afterAll(async () => {
  await proxy.close();
  await database.drop();
});

describe("a pool that loses its connections at any moment", () => {
  it("fails what was asked or answers it, whole", async () => {
    const pool = createReadPool({ url: proxy.url, maxConnections: 2, name: "test" });
    const ask = (number: number): Promise<number | "lost"> =>
      pool
        .ask(async (db) => (await db.execute<{ n: number }>(`SELECT ${number}::int AS n`))[0]?.n ?? -1)
        .catch((error: unknown) => {
          if (isAppError(error, "store_unavailable")) return "lost" as const;
          throw error;
        });
    let answered = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      await ask(round);
      proxy.cut();
      // The moment between a socket's error and its end is a few turns of the loop later.
      for (let turns = 0; turns < round % 30; turns += 1) await nextTurn();
      const asked = [0, 1, 2, 3, 4].map((each) => round * 10 + each);
      const answers = await Promise.all(asked.map(ask));
      for (const [index, answer] of answers.entries()) {
        expect(["lost", asked[index]]).toContain(answer);
        if (answer !== "lost") answered += 1;
      }
    }
    expect(answered).toBeGreaterThan(0);
    await pool.close(1);
  });
});

describe("a connection that is lost at its first statement", () => {
  // Vitest fails on what is rejected and nobody waits for; Node ends a process with it.
  it("fails what was asked, and nothing that nobody waits for", async () => {
    const cutter = await createStatementCutter(database.url);
    const pool = createReadPool({ url: cutter.url, maxConnections: 1, name: "test" });
    try {
      cutter.cutAtStatement(1);
      const error = await pool.ask((db) => db.execute("SELECT 1")).catch((error: unknown) => error);
      expect(isAppError(error, "store_unavailable")).toBe(true);
      expect(cutter.wasCut()).toBe(true);
      expect(cutter.texts()).toEqual(["SELECT 1"]);
      const again = () => pool.ask((db) => db.execute("SELECT 1")).catch(() => undefined);
      await waitUntil(again, { what: "the pool answers again" });
    } finally {
      await pool.close(1);
      await cutter.close();
    }
  });
});
