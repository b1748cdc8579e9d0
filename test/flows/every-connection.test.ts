/**
 * What holds for every connection that is opened to a database, by whichever app or command: the server itself notes each as it
 * begins.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { NIL_UUID } from "@turnpike/domain/turn/envelope";
import postgres, { type Sql } from "postgres";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { bundleOf } from "../support/bundle-of.ts";
import { createEmptyDatabase, type TestDatabase } from "../support/database.ts";
import { runCommand } from "../support/run-command.ts";
import { useProcesses } from "../support/spawn.ts";
import { turnBody } from "../support/turn-body.ts";
import { waitUntil } from "../support/wait-until.ts";

// Those that must have been looked at.
const NAMES = [
  "dead-letters",
  "import",
  "migrate",
  "partition",
  "queue-consumer",
  "queue-marker",
  "queue-producer",
  "replica-probe",
  "timeline",
  "wake",
  "worker",
];

const processes = useProcesses();
let database: TestDatabase;
let sql: Sql;

beforeAll(async () => {
  database = await createEmptyDatabase();
  sql = postgres(database.url, { max: 1, onnotice: () => {}, connection: { application_name: "this test" } });
  await sql.unsafe(`
    CREATE SCHEMA watch;
    CREATE TABLE watch.logins (name text, jit text);
    CREATE FUNCTION watch.note_login() RETURNS event_trigger LANGUAGE plpgsql AS $$
      BEGIN INSERT INTO watch.logins VALUES (current_setting('application_name'), current_setting('jit')); END $$;
    CREATE EVENT TRIGGER note_login ON login EXECUTE FUNCTION watch.note_login();
    ALTER DATABASE ${new URL(database.url).pathname.slice(1)} SET jit = on`);
});

afterAll(async () => {
  await sql.end();
  await database.drop();
});

it("no statement is compiled (JIT), though the server would", async () => {
  const env = { DATABASE_URL: database.url, DATABASE_READ_URL: database.url, REDIS_URL: undefined };
  expect((await runCommand(["migrate"], { env })).exitCode).toBe(0);
  expect((await runCommand(["partition", "--partitions", "2"], { env })).exitCode).toBe(0);
  const running = processes.start(bundleOf("turnpike"), {
    args: ["start", "--json", "--ingest-port", "0", "--timeline-port", "0"],
    env,
  });
  const [line] = await running.waitForLine(/^\{"ready":true.*/, 50_000);
  const { ingest, timeline } = JSON.parse(line) as { ingest: string; timeline: string };
  const posted = await fetch(`${ingest}/v1/ingest`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: turnBody(),
  });
  expect(posted.status).toBe(202);
  const session = await waitUntil(
    async () => {
      const answer = await fetch(`${timeline}/v1/sessions`);
      const { items } = (await answer.json()) as { items: { id: string; turnCount: number }[] };
      return items.find(({ turnCount }) => turnCount === 1)?.id;
    },
    { what: "the turn is stored" },
  );
  const log = join(inject("runFolder"), "every-connection.jsonl");
  await writeFile(
    log,
    JSON.stringify({ sessionId: session, event: "noted", timestamp: "2026-01-02T03:04:05Z" }),
  );
  expect((await runCommand(["import", "events", log, "--org", NIL_UUID], { env })).exitCode).toBe(0);
  expect((await fetch(`${timeline}/v1/dead-letters`)).status).toBe(200);
  expect((await fetch(`${timeline}/v1/ledger`)).status).toBe(200);
  expect((await fetch(`${timeline}/v1/sessions/${session}`, { method: "DELETE" })).status).toBe(204);
  await running.kill("SIGTERM");

  const logins = await sql<{ name: string; jit: string }[]>`
    SELECT DISTINCT name, jit FROM watch.logins WHERE name <> 'this test' ORDER BY name`;
  expect(logins.filter(({ jit }) => jit !== "off")).toEqual([]);
  expect(logins.map(({ name }) => name)).toEqual(
    expect.arrayContaining(NAMES.map((name) => `turnpike-${name}`)),
  );
  // Five processes, one after the other.
}, 150_000);
