/** Many start at once on a database that is new: all find it as it should be, whoever is first and whoever is killed meanwhile. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { isAppError } from "@turnpike/domain/errors";
import { migrateQueue } from "@turnpike/queue/backend/postgres/migrate-queue";
import { openPostgres } from "@turnpike/queue/backend/postgres/open-postgres";
import { migrate } from "@turnpike/store/connection/migrate";
import { MIGRATION_LOCK } from "@turnpike/store/connection/migration-lock";
import postgres from "postgres";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { bundleOf } from "../support/bundle-of.ts";
import { createStatementCutter } from "../support/cut-after.ts";
import { createEmptyDatabase, type TestDatabase } from "../support/database.ts";
import { runCommand } from "../support/run-command.ts";
import { useProcesses } from "../support/spawn.ts";
import { waitUntil } from "../support/wait-until.ts";

const ROUNDS = 15;
const log = { info() {}, warn() {}, error() {} };

const processes = useProcesses();
const databases: TestDatabase[] = [];
/** Of a database that was migrated, once and undisturbed. */
let whole: string[] = [];

beforeAll(async () => {
  const url = await createEmpty();
  await migrate(url);
  whole = await tablesOf(url);
});
afterEach(async () => {
  for (const database of databases.splice(0)) await database.drop();
});

async function createEmpty(): Promise<string> {
  const database = await createEmptyDatabase();
  databases.push(database);
  return database.url;
}

async function ask<Row extends object>(url: string, text: string): Promise<Row[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return [...(await sql.unsafe<Row[]>(text))];
  } finally {
    await sql.end();
  }
}

const tablesOf = async (url: string): Promise<string[]> =>
  (
    await ask<{ name: string }>(
      url,
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
    )
  ).map(({ name }) => name);

async function untilWaiting(url: string, count: number, locktype = "advisory"): Promise<void> {
  const waiting = `SELECT FROM pg_locks WHERE NOT granted AND locktype = '${locktype}'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
  await waitUntil(async () => (await ask(url, waiting)).length >= count, {
    what: `${count} wait for a lock`,
    timeoutMs: 60_000,
  });
}

describe("a queue in a database that has none", () => {
  it("is opened by twelve at once, none of which fails", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const url = await createEmpty();
      const roles = (["producer", "consumer"] as const).flatMap(
        (role) => Array(5).fill(role) as (typeof role)[],
      );
      const opening = roles.map((role) => openPostgres(url, role, log));
      const ends = await Promise.allSettled([...opening, migrateQueue(url), migrateQueue(url)]);
      for (const end of await Promise.allSettled(opening)) {
        if (end.status === "fulfilled") await end.value.close();
      }
      expect(
        ends.map((end) => (end.status === "rejected" ? (end.reason as unknown) : "opened")),
        `round ${round}`,
      ).toEqual(Array(ends.length).fill("opened"));
    }
  });

  it("is opened by a role that may make nothing, once it is up to date", async () => {
    const url = await createEmpty();
    await migrateQueue(url);
    const role = `test_${randomUUID().replaceAll("-", "")}`;
    await ask(
      url,
      `CREATE ROLE ${role} LOGIN;
       GRANT USAGE ON SCHEMA bullmq, turnpike_queue TO ${role};
       GRANT SELECT ON bullmq.migration, turnpike_queue.version TO ${role}`,
    );
    try {
      const as = new URL(url);
      as.username = role;
      const opened = await openPostgres(as.href, "producer", log);
      await opened.close();
    } finally {
      await ask(url, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });
});

describe("turnpike migrate", () => {
  it("is run four times at once on a new database, beside apps that start: all end well, and no app warns", async () => {
    const url = await createEmpty();
    const env = { DATABASE_URL: url, REDIS_URL: undefined, PORT: "0", HOST: "127.0.0.1" };
    // Until all are there nobody is let go on.
    const other = postgres(url, { max: 1 });
    await other`SELECT pg_advisory_lock(hashtext('turnpike_queue'))`;
    const migrations = [1, 2, 3, 4].map(() => runCommand(["migrate"], { env }));
    await untilWaiting(url, 4);
    const apps = (["ingest", "worker", "worker", "timeline"] as const).map((app) =>
      processes.start(bundleOf(app), { env }),
    );
    await untilWaiting(url, 8);
    await other.end();
    for (const { exitCode, stderr } of await Promise.all(migrations)) {
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    }
    for (const app of apps) {
      const [, appUrl = ""] = await app.waitForLine(/"url":"(http:[^"]+)"/);
      await waitUntil(async () => (await fetch(`${appUrl}/readyz`)).status === 200, {
        what: "the app is ready",
      });
      await app.kill("SIGTERM");
      expect(app.output()).not.toMatch(/"level":(40|50|60|"(warn|error|fatal)")|not reachable/);
    }
    // Eight processes.
  }, 150_000);

  it("waits for another that takes longer than the database lets statements take", async () => {
    const url = await createEmpty();
    const name = new URL(url).pathname.slice(1);
    await ask(
      url,
      `ALTER DATABASE ${name} SET statement_timeout = '200ms'; ALTER DATABASE ${name} SET lock_timeout = '200ms'`,
    );
    const other = postgres(url, { max: 1 });
    await other`SELECT pg_advisory_lock(${MIGRATION_LOCK}::bigint), pg_advisory_lock(hashtext('turnpike_queue'))`;
    let isOver = false;
    const both = Promise.all([migrate(url), migrateQueue(url)]).finally(() => {
      isOver = true;
    });
    both.catch(() => {});
    await sleep(1_000);
    expect(isOver).toBe(false);
    await other.end();
    await both;
    expect(await tablesOf(url)).toEqual(whole);
  });

  it("leaves nothing behind when it is killed half-way, and the next one is not in its way", async () => {
    const url = await createEmpty();
    await migrate(url);
    await ask(url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public; TRUNCATE drizzle.__drizzle_migrations");
    // It stands still in front of the last thing that it does, with everything made.
    const holder = postgres(url, { max: 1 });
    await holder`BEGIN`;
    await holder`LOCK TABLE drizzle.__drizzle_migrations IN SHARE ROW EXCLUSIVE MODE`;
    const doomed = processes.start(new URL("../../apps/turnpike/bin/turnpike.js", import.meta.url), {
      args: ["migrate"],
      env: { DATABASE_URL: url, REDIS_URL: undefined },
    });
    await untilWaiting(url, 1, "relation");
    const next = runCommand(["migrate"], { env: { DATABASE_URL: url } });
    await untilWaiting(url, 1);
    await doomed.kill("SIGKILL");
    // What the killed one was to do last would be done now, if it counted.
    await holder`ROLLBACK`;
    await holder.end();
    expect(await next).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await tablesOf(url)).toEqual(whole);
  });

  it("changes nothing when it loses its connection, at whichever statement", async () => {
    const url = await createEmpty();
    const cutter = await createStatementCutter(url);
    try {
      let k = 1;
      for (; ; k += 1) {
        cutter.cutAt(k);
        const error = await migrate(cutter.url).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (!cutter.wasCut()) {
          expect(error).toBeUndefined();
          break;
        }
        expect(isAppError(error, "store_unavailable"), `statement ${k}`).toBe(true);
        expect(await tablesOf(url), `statement ${k}`).toEqual([]);
      }
      expect(k).toBeGreaterThan(20);
      expect(await tablesOf(url)).toEqual(whole);
      expect(whole).toContain("session_events");
    } finally {
      await cutter.close();
    }
  });
});
