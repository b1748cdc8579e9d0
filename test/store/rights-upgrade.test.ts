/** A database from before functions were safe is brought up to date, whatever it holds and whoever migrates it. */
import { randomUUID } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createPostgresEditor } from "@turnpike/store/edit/postgres-editor";
import { createPostgresStore } from "@turnpike/store/ingest/postgres-store";
import { migrate } from "@turnpike/store/connection/migrate";
import postgres, { type Sql } from "postgres";
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, it } from "vitest";
import { createEmptyDatabase, type TestDatabase } from "../support/database.ts";
import { partitionDatabase } from "../support/partition-database.ts";
import { prepare } from "../support/prepare.ts";
import { listPartitions } from "../support/read-catalog.ts";
import { conversation } from "../support/turn-body.ts";

// The last migration before.
const LAST = 4;
const SET = "SET turnpike.erasing = 'on'";
const CHANGE = "SET message = 'changed'";

let folder = "";
let database: TestDatabase;
let admin: Sql;
let role = "";

beforeAll(async () => {
  folder = await mkdtemp(join(inject("runFolder"), "migrations-"));
  await cp(fileURLToPath(new URL("../../drizzle", import.meta.url)), folder, { recursive: true });
  const path = join(folder, "meta/_journal.json");
  const journal = JSON.parse(await readFile(path, "utf8")) as { entries: { idx: number }[] };
  const entries = journal.entries.filter(({ idx }) => idx <= LAST);
  await writeFile(path, JSON.stringify({ ...journal, entries }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

beforeEach(async () => {
  database = await createEmptyDatabase();
  admin = postgres(database.url, { max: 1, onnotice: () => {} });
  role = `test_${randomUUID().replaceAll("-", "")}`;
  await admin.unsafe(`CREATE ROLE ${role} LOGIN`);
});
afterEach(async () => {
  await admin.unsafe(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
  await admin.end();
  await database.drop();
});

const as = (name: string): string => {
  const url = new URL(database.url);
  url.username = name;
  return url.href;
};

it.each([undefined, 4])("with data, in so many partitions: %s", async (partitions) => {
  const org = randomUUID();
  await migrate(database.url, folder);
  const store = createPostgresStore({ url: database.url, maxConnections: 1 });
  const [first] = await store.ingestTurns(
    ["kept", "deleted"].flatMap((name) =>
      conversation({ org, session: name, turns: 2 }).map((body) => prepare(body)),
    ),
  );
  await store.close();
  if (partitions !== undefined) await partitionDatabase(database.url, partitions);
  await admin.unsafe(`GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA public TO ${role}`);
  const login = postgres(as(role), { max: 1 });
  const places = ["session_events", ...(await listPartitions(admin, "session_events"))];

  // So it was.
  await login.unsafe(SET);
  await login.unsafe(`UPDATE session_events ${CHANGE}`);
  await login`CREATE TEMP TABLE session_events (org_id uuid)`;
  await login`DROP TABLE pg_temp.session_events`;

  await migrate(database.url);
  for (const place of places) {
    for (const sql of [login, admin]) {
      await sql.unsafe(SET);
      await expect(sql.unsafe(`UPDATE public.${place} ${CHANGE}`), place).rejects.toMatchObject({
        code: "42501",
      });
    }
  }
  await expect(login`SELECT redact_session_events(${org}, ${randomUUID()})`).rejects.toMatchObject({
    code: "42501",
  });
  await expect(login`CREATE TEMP TABLE session_events (org_id uuid)`).rejects.toMatchObject({
    code: "42501",
  });
  await login.end();

  const editor = createPostgresEditor({ url: database.url, maxConnections: 1 });
  await editor.deleteSession(org, first?.sessionId ?? "");
  await editor.close();
  const left = await admin`
    SELECT session_id = ${first?.sessionId ?? ""} AS deleted, bool_and(event_type = 'redacted') AS gone, count(*)::int AS n
    FROM session_events GROUP BY 1 ORDER BY 1`;
  expect(left).toEqual([
    { deleted: false, gone: false, n: expect.any(Number) as number },
    { deleted: true, gone: true, n: expect.any(Number) as number },
  ]);
});

it("by a role that owns the tables, in a schema of its own, and not the database", async () => {
  const org = randomUUID();
  await admin.unsafe(`
    GRANT SET ON PARAMETER turnpike.erasing TO ${role};
    GRANT CREATE ON DATABASE ${new URL(database.url).pathname.slice(1)} TO ${role};
    CREATE SCHEMA "its own" AUTHORIZATION ${role};
    ALTER ROLE ${role} SET search_path = 'its own'`);
  await migrate(as(role), folder);
  await migrate(as(role));

  const store = createPostgresStore({ url: as(role), maxConnections: 1 });
  const [turn] = await store.ingestTurns([prepare(conversation({ org, turns: 1 })[0] ?? "")]);
  await store.close();
  const owner = postgres(as(role), { max: 1 });
  await owner.unsafe(SET);
  await expect(owner.unsafe(`UPDATE session_events ${CHANGE}`)).rejects.toMatchObject({ code: "42501" });
  const editor = createPostgresEditor({ url: as(role), maxConnections: 1 });
  await editor.deleteSession(org, turn?.sessionId ?? "");
  await editor.close();
  expect(await owner`SELECT DISTINCT event_type FROM session_events`).toEqual([{ event_type: "redacted" }]);
  await owner.end();
});
