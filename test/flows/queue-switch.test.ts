/** Turns that were accepted in one queue are not forgotten when the apps are given another: nobody goes on as if nothing were there. */
import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import postgres, { type Sql } from "postgres";
import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { bundleOf } from "../support/bundle-of.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type TestProcess, useProcesses } from "../support/spawn.ts";
import { turnBody } from "../support/turn-body.ts";
import { waitUntil } from "../support/wait-until.ts";

const ANY_PORT = ["--ingest-port", "0", "--timeline-port", "0"];
const redisUrl = inject("redisUrl");

type Env = Readonly<Record<string, string | undefined>>;

interface Running {
  readonly url: string;
  readonly process: TestProcess;
}

interface Answer {
  readonly status: number;
  readonly body: { readonly detail?: string; readonly code?: string; readonly receipt?: string };
}

const processes = useProcesses();
let database: TestDatabase;
let sql: Sql;
let prefix = "";

beforeEach(async () => {
  database = await createTestDatabase();
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
  prefix = `switch-${randomUUID()}`;
});

afterEach(async () => {
  await sql.end();
  await database.drop();
});

const onPostgres = (): Env => ({ DATABASE_URL: database.url, REDIS_URL: undefined });
const onRedis = (more: Env = {}): Env => ({
  DATABASE_URL: database.url,
  REDIS_URL: redisUrl,
  QUEUE_PREFIX: prefix,
  ...more,
});

async function startApp(app: "ingest" | "worker" | "timeline", env: Env): Promise<Running> {
  const process = processes.start(bundleOf(app), {
    env: { PORT: "0", HOST: "127.0.0.1", ...env },
  });
  const [, url = ""] = await process.waitForLine(/"url":"(http:[^"]+)"/);
  return { url, process };
}

async function runCommand(args: readonly string[], { env = {} }: { readonly env?: Env } = {}) {
  const process = processes.start(bundleOf("turnpike"), { args, env });
  const { exitCode } = await process.ended;
  return { exitCode, output: process.output() };
}

async function ask(url: string): Promise<Answer> {
  const answer = await fetch(url);
  return { status: answer.status, body: (await answer.json()) as Answer["body"] };
}

async function post({ url }: Running): Promise<Answer> {
  const answer = await fetch(`${url}/v1/ingest`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: turnBody({ session: randomUUID() }),
  });
  return { status: answer.status, body: (await answer.json()) as Answer["body"] };
}

async function postAccepted(ingest: Running): Promise<string> {
  const { status, body } = await post(ingest);
  expect(status).toBe(202);
  return body.receipt ?? "";
}

/** An app says why it is not ready, and says it again whenever it is asked. */
async function notReady({ url }: Running, words: RegExp): Promise<void> {
  await waitUntil(async () => words.test((await ask(`${url}/readyz`)).body.detail ?? ""), {
    what: `${url} says why it is not ready`,
  });
  expect(await ask(`${url}/readyz`)).toMatchObject({ status: 503, body: { code: "queue_unavailable" } });
}

async function ready({ url }: Running): Promise<void> {
  await waitUntil(async () => (await ask(`${url}/readyz`)).status === 200, { what: `${url} is ready` });
}

async function stop(...apps: readonly Running[]): Promise<void> {
  for (const { process } of apps) expect(await process.kill("SIGTERM")).toMatchObject({ exitCode: 0 });
}

const countReceipts = async (): Promise<number> => {
  const [row] = await sql<{ n: number }[]>`SELECT count(*)::int AS n FROM receipts`;
  return row?.n ?? 0;
};

const readGeneration = async (): Promise<string | undefined> =>
  (await sql<{ generation: string }[]>`SELECT generation FROM queue_marker`)[0]?.generation;

describe.skipIf(redisUrl === undefined)(
  "the apps are given another queue than the one of the database",
  () => {
    it("from Postgres to Redis: every app says so, nothing is forgotten, and it goes on when it is undone", async () => {
      expect(await runCommand(["migrate"], { env: onPostgres() })).toMatchObject({ exitCode: 0 });
      const before = await startApp("ingest", onPostgres());
      const receipts = [await postAccepted(before), await postAccepted(before), await postAccepted(before)];
      await stop(before);

      const [worker, timeline, ingest, alone] = await Promise.all([
        startApp("worker", onRedis()),
        startApp("timeline", onRedis()),
        startApp("ingest", onRedis()),
        startApp("ingest", onRedis({ DATABASE_URL: undefined })),
      ]);
      const words = /queue of this database is in Postgres \(since \d{4}-.*REDIS_URL is set/;
      for (const app of [worker, timeline, ingest]) await notReady(app, words);
      await notReady(alone, /not that of the database which workers and timelines use/);
      for (const app of [ingest, alone]) {
        const refused = await post(app);
        expect(refused).toMatchObject({ status: 503, body: { code: "queue_unavailable" } });
        expect(refused.body.detail).toContain("not the one of this installation");
      }
      const looked = await ask(`${timeline.url}/v1/receipts/${receipts[0]}?org_id=${NIL_ORG}`);
      expect(looked).toMatchObject({ status: 503, body: { code: "queue_unavailable" } });
      const ledger = await runCommand(["ledger", "--url", timeline.url]);
      expect(ledger.exitCode).toBe(1);
      expect(ledger.output).toMatch(words);
      expect(ledger.output).not.toContain("accounted for.");
      const metrics = await (await fetch(`${timeline.url}/metrics`)).text();
      expect(metrics).toMatch(/^turnpike_queue_mismatch\{app="timeline"\} 1$/m);
      const all = await runCommand(["start", ...ANY_PORT], { env: onRedis() });
      expect(all.exitCode).toBe(1);
      expect(all.output.trim().split("\n")).toEqual([expect.stringMatching(words)]);
      expect(await runCommand(["migrate"], { env: onRedis() })).toMatchObject({
        exitCode: 1,
        output: expect.stringMatching(words),
      });
      for (const { process } of [worker, timeline, ingest, alone])
        expect(process.output().match(/queue_mismatch/g)?.length ?? 0).toBeLessThanOrEqual(2);
      await stop(worker, timeline, ingest, alone);

      const running = processes.start(bundleOf("turnpike"), {
        args: ["start", "--json", ...ANY_PORT],
        env: onPostgres(),
      });
      const [line] = await running.waitForLine(/^\{"ready":true.*/, 50_000);
      const { timeline: timelineUrl } = JSON.parse(line) as { timeline: string };
      await waitUntil(async () => (await countReceipts()) === 3, { what: "what was accepted is stored" });
      for (const receipt of receipts)
        expect((await ask(`${timelineUrl}/v1/receipts/${receipt}?org_id=${NIL_ORG}`)).status).toBe(200);
      expect(await runCommand(["ledger", "--url", timelineUrl])).toMatchObject({ exitCode: 0 });
      await running.kill("SIGTERM");
    }, 150_000);

    it("from Redis to Postgres: every app says so, and what waits on Redis is stored when it is undone", async () => {
      expect(await runCommand(["migrate"], { env: onRedis() })).toMatchObject({ exitCode: 0 });
      const before = await startApp("ingest", onRedis({ DATABASE_URL: undefined }));
      const receipt = await postAccepted(before);
      await stop(before);

      const [worker, timeline, ingest] = await Promise.all([
        startApp("worker", onPostgres()),
        startApp("timeline", onPostgres()),
        startApp("ingest", onPostgres()),
      ]);
      const words = /queue of this database is on Redis \(since .*REDIS_URL is not set/;
      for (const app of [worker, timeline, ingest]) await notReady(app, words);
      expect(await post(ingest)).toMatchObject({ status: 503 });
      expect(await ask(`${timeline.url}/v1/receipts/${receipt}?org_id=${NIL_ORG}`)).toMatchObject({
        status: 503,
      });
      expect(await runCommand(["ledger", "--url", timeline.url])).toMatchObject({ exitCode: 1 });
      await stop(worker, timeline, ingest);

      const after = await startApp("worker", onRedis());
      await ready(after);
      await waitUntil(async () => (await countReceipts()) === 1, { what: "what was accepted is stored" });
      await stop(after);
    }, 150_000);

    it("Redis is emptied under running apps: they stop, and go on when it is as it was", async () => {
      const [worker, timeline] = await Promise.all([
        startApp("worker", onRedis()),
        startApp("timeline", onRedis()),
      ]);
      const ingest = await startApp("ingest", onRedis({ DATABASE_URL: undefined }));
      for (const app of [worker, timeline, ingest]) await ready(app);
      await postAccepted(ingest);
      await waitUntil(async () => (await countReceipts()) === 1, { what: "the turn is stored" });
      const generation = await readGeneration();

      const redis = new Redis(redisUrl ?? "");
      const keys = await redis.keys(`${prefix}*`);
      const kept = await Promise.all(keys.map(async (key) => [key, await redis.dumpBuffer(key)] as const));
      await redis.del(...keys);
      for (const app of [worker, timeline])
        await notReady(app, /does not carry the marker of this database any more/);
      await notReady(ingest, /does not carry its marker any more/);
      expect(await post(ingest)).toMatchObject({ status: 503 });
      expect(await runCommand(["ledger", "--url", timeline.url])).toMatchObject({ exitCode: 1 });
      // One that comes up now has never seen the marker: it is told by the others.
      const late = await startApp("ingest", onRedis({ DATABASE_URL: undefined }));
      await notReady(late, /not that of the database/);

      for (const [key, value] of kept) if (value !== null) await redis.restore(key, 0, value, "REPLACE");
      redis.disconnect();
      for (const app of [worker, timeline, ingest, late]) await ready(app);
      expect(await readGeneration()).toBe(generation);
      await postAccepted(ingest);
      await waitUntil(async () => (await countReceipts()) === 2, { what: "the next turn is stored" });
      await stop(worker, timeline, ingest, late);
    }, 150_000);
  },
);

const NIL_ORG = "00000000-0000-0000-0000-000000000000";
