import postgres, { type Sql } from "postgres";
import { afterAll, beforeAll } from "vitest";
import { createLogger } from "@turnpike/kit/process/logger";
import { loadAppConfigs } from "../../apps/turnpike/src/app-configs.ts";
import { runAll, type RunningAll } from "../../apps/turnpike/src/run-all.ts";
import { bundleOf } from "./bundle-of.ts";
import type { TestBackend } from "./backends.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { type TestProcess, useProcesses } from "./spawn.ts";
import { waitUntil } from "./wait-until.ts";
import { findWidePrefix } from "./wide-prefix.ts";

/** All of Turnpike, running over real sockets, on a database and a queue of the suite's own. */
export interface Stack {
  readonly ingestUrl: string;
  readonly timelineUrl: string;
  readonly sql: Sql;
  /** Post a body and return its receipt; anything but 202 is an error. */
  post(body: string): Promise<string>;
  /** Wait until the turn of a receipt has come to its end, and return what is said of it. */
  settle(receipt: string): Promise<SettledReceipt>;
  /** Read a route of the timeline app. */
  read<T>(path: string): Promise<T>;
}

/** A receipt whose turn has come to its end. */
export interface SettledReceipt {
  readonly state: "stored" | "duplicate" | "dead";
  readonly sessionId: string;
  readonly turnId: string;
  readonly headHash: string;
  readonly firstSequence: number;
  readonly lastSequence: number;
}

/** Run a stack for the suite it is called in; its parts may be used once the tests run. A backend may be known only then. */
export function useStack(backendOf: TestBackend | (() => TestBackend)): Stack {
  let database: TestDatabase | undefined;
  let running: RunningAll | undefined;
  let sql: Sql | undefined;
  const processes = useProcesses();
  const workers: TestProcess[] = [];

  beforeAll(async () => {
    const backend = typeof backendOf === "function" ? backendOf() : backendOf;
    database = await createTestDatabase();
    sql = postgres(database.url, { max: 2, onnotice: () => {} });
    const prefix =
      backend.name === "cluster"
        ? await findWidePrefix(backend)
        : `test-${new URL(database.url).pathname.slice(1)}`;
    const env = {
      DATABASE_URL: database.url,
      REDIS_URL: backend.redisUrl,
      QUEUE_PREFIX: prefix,
      QUEUE_SHARDS: String(backend.shards),
      PORT: "0",
      HOST: "127.0.0.1",
    };
    running = await runAll({
      configs: loadAppConfigs(env, { host: "127.0.0.1", ingestPort: 0, timelinePort: 0 }),
      dataDir: "",
      logger: createLogger({ level: "silent", name: "test" }),
      say: () => {},
      onDatabaseLost: () => {},
    });
    // One worker is part of it; on a cluster three more share its work.
    const entry = bundleOf("worker");
    for (let more = 1; more < backend.shards; more += 1) workers.push(processes.start(entry, { env }));
    await Promise.all(workers.map((worker) => worker.waitForLine(/worker_started/)));
  });
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.kill("SIGTERM")));
    for (const step of running?.stopSteps ?? []) await step.run(10_000);
    await sql?.end();
    await database?.drop();
  });

  const need = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error("the stack is used before its tests run");
    return part;
  };
  const read = async <T>(path: string): Promise<T> => {
    const answer = await fetch(`${need(running).timelineUrl}${path}`);
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as T;
  };
  return {
    get ingestUrl() {
      return need(running).ingestUrl;
    },
    get timelineUrl() {
      return need(running).timelineUrl;
    },
    get sql() {
      return need(sql);
    },
    read,
    async post(body) {
      const answer = await fetch(`${need(running).ingestUrl}/v1/ingest`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
      const said = (await answer.json()) as { receipt?: string };
      if (answer.status !== 202) throw new Error(`${answer.status}: ${JSON.stringify(said)}`);
      return said.receipt ?? "";
    },
    async settle(receipt) {
      const orgId = await orgOf(need(sql), receipt);
      return read<SettledReceipt>(`/v1/receipts/${receipt}?org_id=${orgId}`);
    },
  };
}

async function orgOf(sql: Sql, receipt: string): Promise<string> {
  const row = await waitUntil(
    async () => (await sql<{ org_id: string }[]>`SELECT org_id FROM receipts WHERE receipt = ${receipt}`)[0],
    { what: `receipt ${receipt} has an end`, timeoutMs: 30_000 },
  );
  return row.org_id;
}

/** Wait until as many turns of an org have come to their end as were posted. */
export async function settleAll(stack: Stack, orgId: string, posted: number): Promise<void> {
  await waitUntil(
    async () => {
      const [row] = await stack.sql`SELECT count(*)::int AS n FROM receipts WHERE org_id = ${orgId}`;
      return row?.["n"] === posted;
    },
    { what: `${posted} turns of ${orgId} have come to their end`, timeoutMs: 50_000 },
  );
}

/** Run tasks, at most so many at a time. */
export async function runPool<T>(
  items: readonly T[],
  concurrency: number,
  run: (item: T) => Promise<unknown>,
) {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (const item of queue) await run(item);
    }),
  );
}
