/** A queue is moved as `docs/operations.md` says: nothing that was accepted is forgotten, and the ledger goes on. */
import { randomUUID } from "node:crypto";
import { createProducer } from "@turnpike/queue/producer/producer";
import { Redis } from "ioredis";
import postgres, { type Sql } from "postgres";
import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { acceptedTurn, enqueueWhenUp } from "../queue/queue-fixture.ts";
import { bundleOf } from "../support/bundle-of.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { runCommand } from "../support/run-command.ts";
import { useProcesses } from "../support/spawn.ts";
import { turnBody } from "../support/turn-body.ts";
import { waitUntil } from "../support/wait-until.ts";

const COMMAND = bundleOf("turnpike");
const redisUrl = inject("redisUrl");
const log = { info() {}, warn() {}, error() {} };

type Env = Readonly<Record<string, string | undefined>>;

const processes = useProcesses();
let database: TestDatabase;
let sql: Sql;
let prefix = "";

beforeEach(async () => {
  database = await createTestDatabase();
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
  prefix = `accept-${randomUUID()}`;
});

afterEach(async () => {
  await sql.end();
  await database.drop();
});

const onPostgres = (): Env => ({ DATABASE_URL: database.url, REDIS_URL: undefined });
const onRedis = (): Env => ({ DATABASE_URL: database.url, REDIS_URL: redisUrl, QUEUE_PREFIX: prefix });
const accept = (env: Env, ...more: string[]) =>
  runCommand(["queue", "accept", "--reason", "moved", ...more], { env });

/** Run everything, post turns until as many are stored in all, and read what the ledger says of all orgs. */
async function runAndPost(env: Env, { posts, stored }: { readonly posts: number; readonly stored: number }) {
  const running = processes.start(COMMAND, {
    args: ["start", "--json", "--ingest-port", "0", "--timeline-port", "0"],
    env,
  });
  const [line] = await running.waitForLine(/^\{"ready":true.*/, 60_000);
  const { ingest, timeline } = JSON.parse(line) as { ingest: string; timeline: string };
  for (let post = 0; post < posts; post += 1) {
    const answer = await fetch(`${ingest}/v1/ingest`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: turnBody({ session: randomUUID() }),
    });
    expect(answer.status).toBe(202);
  }
  const isStored = async (): Promise<boolean> => {
    const [row] = await sql<{ n: number }[]>`SELECT count(*)::int AS n FROM receipts`;
    return row?.n === stored;
  };
  await waitUntil(isStored, { what: `${stored} turns are stored` });
  const ledger = (await (await fetch(`${timeline}/v1/ledger`)).json()) as { total: Record<string, number> };
  await running.kill("SIGTERM");
  return ledger.total;
}

describe.skipIf(redisUrl === undefined)("turnpike queue accept", () => {
  it("moves an empty queue from Postgres to Redis and back, and the ledger's difference stays 0", async () => {
    expect(await accept(onRedis())).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("Nothing"),
    });
    expect(await runAndPost(onPostgres(), { posts: 3, stored: 3 })).toMatchObject({
      accepted: 3,
      difference: 0,
    });
    const moved = await accept(onRedis());
    expect(moved).toMatchObject({
      exitCode: 0,
      stderr: "",
      stdout: expect.stringContaining("3 turns from before"),
    });
    expect(await accept(onRedis())).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("Nothing"),
    });
    expect(await runAndPost(onRedis(), { posts: 2, stored: 5 })).toMatchObject({
      accepted: 5,
      difference: 0,
    });
    expect(await accept(onPostgres(), "--old-redis-url", redisUrl ?? "")).toMatchObject({ exitCode: 0 });
    expect(await runAndPost(onPostgres(), { posts: 1, stored: 6 })).toMatchObject({
      accepted: 6,
      difference: 0,
    });
    const acts = await sql`SELECT action, details FROM audit_log ORDER BY id`;
    expect(acts).toMatchObject([
      {
        action: "queue.accept",
        details: { reason: "moved", to: { backend: "redis" }, carried: 3, abandoned: 0 },
      },
      {
        action: "queue.accept",
        details: { reason: "moved", to: { backend: "postgres" }, oldQueueAsked: true },
      },
    ]);
  }, 180_000);

  it("leaves turns that still wait behind only when it is told to", async () => {
    await runCommand(["migrate"], { env: onPostgres() });
    const producer = createProducer({ databaseUrl: database.url, prefix, log });
    await enqueueWhenUp(producer, [acceptedTurn(), acceptedTurn()]);
    await producer.close();
    const refused = await accept(onRedis());
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("2 accepted turns wait") });
    expect(await sql`SELECT FROM audit_log`).toHaveLength(0);
    expect(await accept(onRedis(), "--abandon")).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("2 turns were left behind"),
    });
    expect(await runAndPost(onRedis(), { posts: 0, stored: 0 })).toMatchObject({
      accepted: 2,
      difference: 2,
    });
  }, 120_000);

  it("starts again with a Redis that was emptied, and does not take another database's", async () => {
    expect(await runAndPost(onRedis(), { posts: 2, stored: 2 })).toMatchObject({
      accepted: 2,
      difference: 0,
    });
    const redis = new Redis(redisUrl ?? "");
    await redis.del(...(await redis.keys(`${prefix}*`)));
    redis.disconnect();
    const again = await accept(onRedis());
    expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("could not be asked") });
    expect(await runAndPost(onRedis(), { posts: 1, stored: 3 })).toMatchObject({
      accepted: 3,
      difference: 0,
    });

    const other = await createTestDatabase();
    const env = { ...onRedis(), DATABASE_URL: other.url };
    expect(await accept(env)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("--take-over") });
    expect(await accept(env, "--take-over")).toMatchObject({ exitCode: 0 });
    expect(await runCommand(["migrate"], { env })).toMatchObject({ exitCode: 0 });
    expect(await runCommand(["migrate"], { env: onRedis() })).toMatchObject({ exitCode: 1 });
    await other.drop();
  }, 180_000);
});
