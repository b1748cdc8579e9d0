/** Workers as processes of their own, on a database and a queue of the suite's own, and a producer to give them work. */
import type { AcceptedTurn } from "@turnpike/domain/ports/ports";
import type { QueueLocation } from "@turnpike/queue/backend/backend";
import { createProducer, type Producer } from "@turnpike/queue/producer/producer";
import postgres, { type Sql } from "postgres";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll } from "vitest";
import { bundleOf } from "../support/bundle-of.ts";
import type { TestBackend } from "../support/backends.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type TestProcess, useProcesses } from "../support/spawn.ts";
import { createTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { waitUntil } from "../support/wait-until.ts";
import { findWidePrefix } from "../support/wide-prefix.ts";

export interface WorkerProcesses {
  readonly sql: Sql;
  readonly databaseUrl: string;
  readonly prefix: string;
  /** In front of the database, for workers that are started with `behindProxy`. */
  readonly databaseProxy: TcpProxy;
  /** In front of a single Redis. */
  readonly redisProxy: TcpProxy | undefined;
  start(options?: StartOptions): Promise<{ readonly url: string; readonly process: TestProcess }>;
  /** Put turns into the queue, as ingest does. */
  accept(orgId: string, bodies: readonly string[]): Promise<AcceptedTurn[]>;
  /** Wait until as many turns of an org have come to their end. */
  settled(orgId: string, turns: number, timeoutMs?: number): Promise<void>;
  countReceipts(orgId: string): Promise<number>;
}

export interface StartOptions {
  readonly behindProxy?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

const log = { info() {}, warn() {}, error() {} };

/** Make them for the suite it is called in; they may be used once the tests run. A backend may be known only then. */
export function useWorkerProcesses(backendOf: TestBackend | (() => TestBackend)): WorkerProcesses {
  const processes = useProcesses();
  let parts: Parts | undefined;
  const need = (): Parts => {
    if (parts === undefined) throw new Error("used before the tests run");
    return parts;
  };
  beforeAll(async () => {
    parts = await createParts(typeof backendOf === "function" ? backendOf() : backendOf);
  });
  afterAll(async () => {
    await parts?.close();
  });
  const countReceipts = async (orgId: string): Promise<number> => {
    const [row] = await need().sql`SELECT count(*)::int AS n FROM receipts WHERE org_id = ${orgId}`;
    return row?.["n"] as number;
  };
  return {
    get sql() {
      return need().sql;
    },
    get databaseUrl() {
      return need().database.url;
    },
    get prefix() {
      return need().prefix;
    },
    get databaseProxy() {
      return need().databaseProxy;
    },
    get redisProxy() {
      return need().redisProxy;
    },
    async start({ behindProxy = false, env = {} } = {}) {
      const { backend, database, databaseProxy, redisProxy, prefix } = need();
      const process = processes.start(bundleOf("worker"), {
        env: {
          DATABASE_URL: behindProxy ? databaseProxy.url : database.url,
          REDIS_URL: behindProxy ? redisProxy?.url : backend.redisUrl,
          QUEUE_PREFIX: prefix,
          QUEUE_SHARDS: String(backend.shards),
          PORT: "0",
          HOST: "127.0.0.1",
          ...env,
        },
      });
      const [, url = ""] = await process.waitForLine(/"url":"(http:[^"]+)"/);
      return { url, process };
    },
    async accept(orgId, bodies) {
      const turns = bodies.map((body) => ({
        receipt: uuidv7(),
        orgId,
        requestId: "r",
        acceptedAt: new Date().toISOString(),
        body,
      }));
      for (const turn of turns) await need().producer.enqueue([turn]);
      return turns;
    },
    countReceipts,
    async settled(orgId, turns, timeoutMs = 60_000) {
      const what = `${turns} turns have come to their end`;
      await waitUntil(async () => (await countReceipts(orgId)) === turns, { what, timeoutMs });
    },
  };
}

interface Parts {
  readonly backend: TestBackend;
  readonly database: TestDatabase;
  readonly sql: Sql;
  readonly databaseProxy: TcpProxy;
  readonly redisProxy: TcpProxy | undefined;
  readonly producer: Producer;
  readonly prefix: string;
  close(): Promise<void>;
}

async function createParts(backend: TestBackend): Promise<Parts> {
  const database = await createTestDatabase();
  const prefix =
    backend.name === "cluster"
      ? await findWidePrefix(backend)
      : `workers-${new URL(database.url).pathname.slice(1)}`;
  const location: QueueLocation = {
    redisUrl: backend.redisUrl,
    databaseUrl: database.url,
    prefix,
    shards: backend.shards,
  };
  const sql = postgres(database.url, { max: 2, onnotice: () => {} });
  const producer = createProducer({ ...location, log });
  const databaseProxy = await createTcpProxy(database.url);
  const redisProxy = backend.name === "redis" ? await createTcpProxy(backend.redisUrl) : undefined;
  return {
    backend,
    database,
    sql,
    databaseProxy,
    redisProxy,
    producer,
    prefix,
    async close() {
      await producer.close();
      await databaseProxy.close();
      await redisProxy?.close();
      await sql.end();
      await database.drop();
    },
  };
}
