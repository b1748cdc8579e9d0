/** A queue of the test's own on one backend, a proxy that can lose it, and a look inside. */
import { randomUUID } from "node:crypto";
import type {
  AcceptedTurn,
  BodyToEnqueue,
  DeadLetter,
  DeadLetterStore,
  Log,
} from "@turnpike/domain/ports/ports";
import type { QueueLocation } from "@turnpike/queue/backend/backend";
import { openBackend } from "@turnpike/queue/backend/open-backend";
import { INGEST_EVENTS, INGEST_QUEUE, INGEST_TURN, jobIdOf } from "@turnpike/queue/job/payload";
import { type Consumer, createConsumer, type JobHandler } from "@turnpike/queue/consumer/consumer";
import { createProducer, type Producer } from "@turnpike/queue/producer/producer";
import { createQueueInspector, type QueueInspector } from "@turnpike/queue/inspector/queue-inspector";
import { Redis } from "ioredis";
import postgres from "postgres";
import { v7 as uuidv7 } from "uuid";
import { afterEach, beforeEach } from "vitest";
import type { TestBackend } from "../support/backends.ts";
import { createTestDatabase } from "../support/database.ts";
import { createTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { untilUp } from "../support/wait-until.ts";

export interface QueueFixture {
  readonly location: QueueLocation;
  /** The backend through `proxy`. */
  readonly proxied: QueueLocation;
  readonly proxy: TcpProxy;
  /** Every message of the queue's parts so far. */
  readonly logged: () => readonly string[];
  produce(location?: QueueLocation): Producer;
  consume(handle: JobHandler, options?: ConsumeOptions): Consumer;
  /** The dead letters so far. */
  readonly letters: () => readonly DeadLetter[];
  findReceipts(location?: QueueLocation): QueueInspector;
  /** Put a payload into the queue as another version of the producer might. */
  putRaw(jobId: string, data: unknown): Promise<void>;
  /** Change what the jobs of the queue hold, as nobody should. */
  changeRaw(change: (data: unknown) => unknown): Promise<void>;
  /** Take jobs out of the queue as nobody should: the register hears of it on Postgres only. */
  removeRaw(jobIds: readonly string[]): Promise<void>;
  /** Count the jobs that the queue holds, by their state. */
  countJobs(): Promise<Record<string, number>>;
  /** All that the backend has stored for the queue, as one text. */
  dump(): Promise<string>;
}

/** What a test may want of a consumer. */
export interface ConsumeOptions {
  readonly location?: QueueLocation;
  readonly concurrency?: number;
  readonly lockDurationMs?: number;
  readonly maxRetryDelayMs?: number;
  /** Called before a letter is kept; what it throws is thrown to the consumer. */
  readonly onLetter?: (letter: DeadLetter) => void;
}

const DRAIN_DEADLINE_MS = 5_000;

/** Make a fixture for each test of the suite it is called in; what it made is closed after the test. */
export function useQueue(backend: TestBackend): QueueFixture {
  let current: (QueueFixture & { close(): Promise<void> }) | undefined;
  beforeEach(async () => {
    current = await createFixture(backend);
  });
  afterEach(() => current?.close());
  const need = (): QueueFixture => {
    if (current === undefined) throw new Error("the fixture is used before its tests run");
    return current;
  };
  return {
    get location() {
      return need().location;
    },
    get proxied() {
      return need().proxied;
    },
    get proxy() {
      return need().proxy;
    },
    logged: () => need().logged(),
    produce: (location) => need().produce(location),
    letters: () => need().letters(),
    consume: (handle, options) => need().consume(handle, options),
    findReceipts: (location) => need().findReceipts(location),
    putRaw: (jobId, data) => need().putRaw(jobId, data),
    changeRaw: (change) => need().changeRaw(change),
    removeRaw: (jobIds) => need().removeRaw(jobIds),
    countJobs: () => need().countJobs(),
    dump: () => need().dump(),
  };
}

async function createFixture(backend: TestBackend) {
  const database = backend.name === "postgres" ? await createTestDatabase() : undefined;
  const prefix = `test-${randomUUID()}`;
  const url = backend.redisUrl ?? database?.url ?? "";
  const proxy = await createTcpProxy(url);
  const at = (place: string): QueueLocation =>
    backend.name === "redis" ? { redisUrl: place, prefix } : { databaseUrl: place, prefix };
  const location = at(url);
  const lines: string[] = [];
  const letters: DeadLetter[] = [];
  const write = (facts: object, message: string): void => {
    lines.push(`${message} ${JSON.stringify(facts)}`);
  };
  const log: Log = { info: write, warn: write, error: write };
  const closes: (() => Promise<unknown>)[] = [];

  const onQueue = async <T>(use: (queue: Inspected) => Promise<T>): Promise<T> => {
    const open = await openBackend(location, "producer", log);
    const queue = new open.classes.Queue(INGEST_QUEUE, { connection: open.connection, prefix });
    try {
      return await use(queue);
    } finally {
      await queue.close();
      await open.close();
    }
  };

  return {
    location,
    proxied: at(proxy.url),
    proxy,
    logged: () => lines,
    produce(place: QueueLocation = location) {
      const producer = createProducer({ ...place, log });
      closes.push(() => producer.close());
      return producer;
    },
    letters: () => letters,
    consume(handle: JobHandler, options: ConsumeOptions = {}) {
      const { location: place = location, concurrency = 4, onLetter, ...others } = options;
      const deadLetters: DeadLetterStore = {
        async put(letter) {
          onLetter?.(letter);
          letters.push(letter);
          return "dead";
        },
      };
      const handlers = { [INGEST_TURN]: handle, [INGEST_EVENTS]: handle };
      const consumer = createConsumer({ ...place, ...others, concurrency, handlers, deadLetters, log });
      closes.push(() => consumer.drain(DRAIN_DEADLINE_MS));
      return consumer;
    },
    findReceipts(place: QueueLocation = location) {
      const finder = createQueueInspector({ ...place, log });
      closes.push(() => finder.close());
      return finder;
    },
    putRaw: (jobId: string, data: unknown) =>
      onQueue(async (queue) => {
        await queue.add(INGEST_TURN, data, { jobId, attempts: 30, backoff: { type: "custom" } });
      }),
    changeRaw: (change: (data: unknown) => unknown) =>
      onQueue(async (queue) => {
        for (const job of await queue.getJobs()) await job.updateData(change(job.data));
      }),
    removeRaw: (jobIds: readonly string[]) =>
      onQueue(async (queue) => {
        for (const jobId of jobIds) await queue.remove(jobId);
      }),
    countJobs: () => onQueue((queue) => queue.getJobCounts()),
    dump: () => (backend.name === "redis" ? dumpRedis(url, prefix) : dumpPostgres(url)),
    async close() {
      await Promise.all(closes.map((close) => close()));
      await proxy.close();
      await database?.drop();
    },
  };
}

interface Inspected {
  remove(jobId: string): Promise<unknown>;
  add(name: string, data: unknown, options: object): Promise<unknown>;
  getJobCounts(): Promise<Record<string, number>>;
  getJobs(): Promise<readonly { data: unknown; updateData(data: unknown): Promise<void> }[]>;
}

async function dumpRedis(url: string, prefix: string): Promise<string> {
  const redis = new Redis(url);
  try {
    const parts: string[] = [];
    for (const key of await redis.keys(`${prefix}:*`)) {
      const type = await redis.type(key);
      const value =
        type === "hash"
          ? await redis.hgetall(key)
          : type === "stream"
            ? await redis.xrange(key, "-", "+")
            : type === "string"
              ? await redis.get(key)
              : type;
      parts.push(`${key} ${JSON.stringify(value)}`);
    }
    return parts.join("\n");
  } finally {
    redis.disconnect();
  }
}

async function dumpPostgres(url: string): Promise<string> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    const tables = await sql`SELECT table_name FROM information_schema.tables WHERE table_schema = 'bullmq'`;
    const parts: string[] = [];
    for (const table of tables) {
      const name = table["table_name"] as string;
      const rows = await sql`SELECT row_to_json(t)::text AS row FROM ${sql(`bullmq.${name}`)} t`;
      parts.push(...rows.map((row) => `${name} ${row["row"] as string}`));
    }
    const bodies =
      await sql`SELECT job_id || ' ' || encode(body, 'escape') AS row FROM turnpike_queue.payloads`;
    parts.push(...bodies.map((row) => `payloads ${row["row"] as string}`));
    const lists =
      await sql`SELECT list_id || ' ' || encode(body, 'escape') AS row FROM turnpike_queue.list_parts`;
    parts.push(...lists.map((row) => `list_parts ${row["row"] as string}`));
    return parts.join("\n");
  } finally {
    await sql.end();
  }
}

/** Make a turn whose body says this. */
export function acceptedTurn(
  body = '{"a":1}',
  orgId: string = randomUUID(),
): AcceptedTurn & { readonly body: string } {
  return {
    receipt: uuidv7(),
    orgId,
    requestId: "request-1",
    acceptedAt: "2026-11-21T07:10:00.000Z",
    body,
  };
}

/** The id of a turn's job. */
export const idOf = (turn: AcceptedTurn): string => jobIdOf(turn.orgId, turn.receipt);

/** Count the jobs that are waiting, running or to be tried again. */
export async function countUnfinished(queue: Pick<QueueFixture, "countJobs">): Promise<number> {
  const { waiting = 0, active = 0, delayed = 0 } = await queue.countJobs();
  return waiting + active + delayed;
}

/** Put turns into the queue as soon as it takes them. */
export async function enqueueWhenUp(producer: Producer, turns: readonly BodyToEnqueue[]): Promise<void> {
  await untilUp(producer, "the queue takes turns");
  await producer.enqueue(turns);
}

/** Something that is settled from outside. */
export function createGate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
