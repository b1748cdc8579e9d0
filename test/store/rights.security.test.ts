/** What a login may do that was given nothing, or was given too much: no right comes of merely being there, and none changes an event. */
import { randomUUID } from "node:crypto";
import { migrateQueue } from "@turnpike/queue/backend/postgres/migrate-queue";
import { createPostgresEditor } from "@turnpike/store/edit/postgres-editor";
import { createPostgresStore } from "@turnpike/store/ingest/postgres-store";
import { migrate } from "@turnpike/store/connection/migrate";
import postgres, { type Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createEmptyDatabase, type TestDatabase } from "../support/database.ts";
import { partitionDatabase } from "../support/partition-database.ts";
import { prepare } from "../support/prepare.ts";
import { listPartitions } from "../support/read-catalog.ts";
import { turnBody } from "../support/turn-body.ts";

const DENIED = { code: "42501" };
const run = randomUUID().replaceAll("-", "");
const org = randomUUID();
let database: TestDatabase;
let owner: Sql;
let session = "";
const logins: Sql[] = [];

/** Make a role that may connect, and do nothing else, and connect as it. */
async function logInAs(name: string): Promise<Sql> {
  await owner.unsafe(`CREATE ROLE ${name}_${run} LOGIN`);
  const url = new URL(database.url);
  url.username = `${name}_${run}`;
  const login = postgres(url.href, { max: 1, onnotice: () => {} });
  logins.push(login);
  return login;
}

async function addSession(name: string): Promise<string> {
  const store = createPostgresStore({ url: database.url, maxConnections: 1 });
  try {
    const [result] = await store.ingestTurns([prepare(turnBody({ org, session: name }))]);
    return result?.sessionId ?? "";
  } finally {
    await store.close();
  }
}

async function typesOf(sessionId: string): Promise<string[]> {
  const rows = await owner<{ type: string }[]>`
    SELECT DISTINCT event_type AS type FROM session_events WHERE org_id = ${org} AND session_id = ${sessionId}`;
  return rows.map(({ type }) => type);
}

beforeAll(async () => {
  // Not a clone of the template: what is right on the database itself would not be cloned.
  database = await createEmptyDatabase();
  owner = postgres(database.url, { max: 1, onnotice: () => {} });
  await migrate(database.url);
  await migrateQueue(database.url);
  session = await addSession("session-1");
  const partitions = inject("partitions");
  if (partitions !== undefined) await partitionDatabase(database.url, partitions);
});

afterAll(async () => {
  for (const login of logins) await login.end();
  const roles = await owner<
    { name: string }[]
  >`SELECT rolname AS name FROM pg_roles WHERE rolname LIKE ${`%${run}`}`;
  for (const { name } of roles) await owner.unsafe(`DROP OWNED BY ${name} CASCADE; DROP ROLE ${name}`);
  await owner.end();
  await database.drop();
});

describe("a role without any right", () => {
  let nobody: Sql;
  beforeAll(async () => {
    nobody = await logInAs("nobody");
  });

  it("erases nothing, and makes nothing that could stand in for what is ours", async () => {
    const attempts = [
      `SELECT redact_session_events('${org}', '${session}')`,
      "CREATE TEMP TABLE session_events (org_id uuid)",
      "CREATE TABLE public.planted (id int)",
      "CREATE FUNCTION public.hashtextextended(text, int) RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint'",
      "CREATE SCHEMA planted",
      "TRUNCATE public.event_erasures",
    ];
    for (const attempt of attempts) {
      await expect(nobody.unsafe(attempt), attempt).rejects.toMatchObject(DENIED);
    }
    expect(await typesOf(session)).not.toContain("redacted");
  });

  it("has no right on any table, sequence, schema or function of ours", async () => {
    const rights = await nobody<{ what: string }[]>`
      WITH home AS (
        SELECT oid, nspname, has_schema_privilege(oid, 'USAGE') AS open FROM pg_namespace
        WHERE nspname IN ('public', 'drizzle', 'bullmq', 'turnpike_queue')
      )
      SELECT 'schema ' || nspname AS what FROM home
      WHERE has_schema_privilege(oid, 'CREATE') OR (nspname <> 'public' AND open)
      UNION ALL
      SELECT 'table ' || c.relname FROM pg_class c JOIN home ON home.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'v', 'm')
        AND (has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
             OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'))
      UNION ALL
      SELECT 'sequence ' || c.relname FROM pg_class c JOIN home ON home.oid = c.relnamespace
      WHERE CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(c.oid, 'USAGE, SELECT, UPDATE') END
      UNION ALL
      SELECT 'function ' || p.oid::regprocedure FROM pg_proc p JOIN home ON home.oid = p.pronamespace
      WHERE home.open AND has_function_privilege(p.oid, 'EXECUTE')`;
    expect(rights.map(({ what }) => what)).toEqual([]);
  });

  it("could not use one that runs with its owner's rights, whatever is added later", async () => {
    const unsafe = await owner<{ name: string }[]>`
      SELECT p.oid::regprocedure::text AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND p.prosecdef
        AND (NOT 'search_path=pg_catalog, pg_temp' = ANY(coalesce(p.proconfig, '{}'))
             OR has_function_privilege('public', p.oid, 'EXECUTE'))`;
    expect(unsafe.map(({ name }) => name)).toEqual([]);
  });
});

it("a role that may erase, and make temporary tables, runs nothing of its own as the owner", async () => {
  const erased = await addSession("session-erased");
  const editor = await logInAs("editor");
  const { pathname } = new URL(database.url);
  await owner.unsafe(`
    GRANT TEMPORARY ON DATABASE ${pathname.slice(1)} TO editor_${run};
    GRANT EXECUTE ON FUNCTION redact_session_events(uuid, uuid) TO editor_${run}`);
  await editor.unsafe(`
    CREATE TEMP TABLE session_events (org_id uuid, session_id uuid, event_type text, id text, occurred_at timestamptz,
      metadata jsonb, run_id text, message text, node_hash text, turn_id uuid);
    CREATE TEMP TABLE event_erasures (transaction xid8);
    INSERT INTO session_events (org_id, session_id, event_type) VALUES ('${org}', '${erased}', 'planted');
    CREATE FUNCTION pg_temp.spy() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'runs as %', current_user; END $$;
    CREATE TRIGGER spy BEFORE INSERT OR UPDATE ON session_events FOR EACH ROW WHEN (NEW.event_type <> 'planted')
      EXECUTE FUNCTION pg_temp.spy();
    CREATE TRIGGER spy BEFORE INSERT ON event_erasures FOR EACH ROW EXECUTE FUNCTION pg_temp.spy()`);
  await editor`SELECT redact_session_events(${org}, ${erased})`;
  expect(await editor`SELECT event_type FROM session_events`).toEqual([{ event_type: "planted" }]);
  expect(await typesOf(erased)).toEqual(["redacted"]);
});

describe("events stay as they are", () => {
  const change = "UPDATE public.session_events SET message = 'changed'";
  const expectRefused = async (login: Sql, statements: readonly string[]): Promise<void> => {
    const trying = login.begin(async (tx) => {
      for (const statement of statements) await tx.unsafe(statement);
    });
    await expect(trying, statements.join("; ")).rejects.toMatchObject({
      ...DENIED,
      message: expect.stringContaining("append-only") as string,
    });
  };

  it("for the owner of the tables, whatever is set", async () => {
    await expectRefused(owner, ["SET LOCAL turnpike.erasing = 'on'", change]);
    await expectRefused(owner, [`SELECT redact_session_events('${org}', '${randomUUID()}')`, change]);
    expect(await owner`SELECT FROM event_erasures`).toHaveLength(0);
  });

  it("for the owner, also when the erasing function failed or a row was left behind", async () => {
    await expectRefused(owner, [
      "SAVEPOINT before",
      `DO $$ BEGIN PERFORM redact_session_events('${org}', '${session}'); RAISE division_by_zero;
        EXCEPTION WHEN division_by_zero THEN NULL; END $$`,
      change,
    ]);
    await owner`INSERT INTO event_erasures VALUES (pg_current_xact_id())`;
    await expectRefused(owner, [change]);
    await owner`DELETE FROM event_erasures`;
    expect(await typesOf(session)).not.toContain("redacted");
  });

  it("for a role with every right on every table, whatever it sets, makes or writes", async () => {
    const mighty = await logInAs("mighty");
    await owner.unsafe(`
      GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES ON ALL TABLES IN SCHEMA public TO mighty_${run};
      CREATE SCHEMA own_${run} AUTHORIZATION mighty_${run}`);
    await mighty.unsafe(`
      CREATE FUNCTION own_${run}.agree(name, name) RETURNS boolean LANGUAGE sql AS 'SELECT true';
      CREATE OPERATOR own_${run}.= (FUNCTION = own_${run}.agree, LEFTARG = name, RIGHTARG = name);
      CREATE FUNCTION own_${run}.pg_get_userbyid(oid) RETURNS name LANGUAGE sql AS 'SELECT current_user';
      CREATE FUNCTION own_${run}.redact_session_events(uuid, uuid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN
          INSERT INTO public.event_erasures VALUES (pg_current_xact_id());
          ${change};
          RETURN 1;
        END $$`);
    const token = "INSERT INTO public.event_erasures VALUES (pg_current_xact_id())";
    await expectRefused(mighty, ["SET LOCAL turnpike.erasing = 'on'", change]);
    await expectRefused(mighty, [token, change]);
    await expectRefused(mighty, [`SET LOCAL search_path = own_${run}, pg_catalog, public`, token, change]);
    await expectRefused(mighty, [`SELECT own_${run}.redact_session_events('${org}', '${session}')`]);
    await expectRefused(mighty, ["DELETE FROM session_events"]);
    await expectRefused(mighty, ["TRUNCATE session_events"]);
    await expectRefused(mighty, [
      `INSERT INTO session_events SELECT * FROM session_events
       ON CONFLICT (org_id, session_id, sequence) DO UPDATE SET message = 'changed'`,
    ]);
    await expectRefused(mighty, [
      `MERGE INTO session_events e USING sessions s ON e.session_id = s.id
       WHEN MATCHED THEN UPDATE SET message = 'changed'`,
    ]);
    for (const part of await listPartitions(owner, "session_events")) {
      await expectRefused(mighty, [
        "SET LOCAL turnpike.erasing = 'on'",
        `UPDATE ${part} SET message = 'changed'`,
      ]);
      await expectRefused(mighty, [token, `UPDATE ${part} SET message = 'changed'`]);
      await expectRefused(mighty, [`DELETE FROM ${part}`]);
      await expectRefused(mighty, [`TRUNCATE ${part}`]);
    }
    await expect(mighty`SET session_replication_role = replica`).rejects.toMatchObject(DENIED);
    await expect(mighty`ALTER TABLE session_events DISABLE TRIGGER ALL`).rejects.toMatchObject(DENIED);
  });

  it("for each partition, also for the owner", async () => {
    for (const part of await listPartitions(owner, "session_events")) {
      await expectRefused(owner, [
        "SET LOCAL turnpike.erasing = 'on'",
        `UPDATE ${part} SET message = 'changed'`,
      ]);
      await expectRefused(owner, [`DELETE FROM ${part}`]);
    }
  });

  it("until their session is deleted, by the app", async () => {
    const deleted = await addSession("session-deleted");
    const editor = createPostgresEditor({ url: database.url, maxConnections: 1 });
    try {
      await editor.deleteSession(org, deleted);
    } finally {
      await editor.close();
    }
    expect(await typesOf(deleted)).toEqual(["redacted"]);
    expect(await typesOf(session)).not.toContain("redacted");
    expect(await owner`SELECT FROM event_erasures`).toHaveLength(0);
  });
});
