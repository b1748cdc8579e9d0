/** A queue and its database know each other, from whatever they begin, and find out when they are not each other's. */
import { randomUUID } from "node:crypto";
import { isAppError } from "@turnpike/domain/errors";
import type { Log } from "@turnpike/domain/ports/ports";
import type { QueueLocation } from "@turnpike/queue/backend/backend";
import { INGEST_EVENTS, INGEST_TURN } from "@turnpike/queue/job/payload";
import { createConsumer } from "@turnpike/queue/consumer/consumer";
import { settleMarker } from "@turnpike/queue/marker/settle-marker";
import { createProducer } from "@turnpike/queue/producer/producer";
import { createQueueInspector } from "@turnpike/queue/inspector/queue-inspector";
import { createQueueMarkers } from "@turnpike/store/marker/queue-markers";
import { Redis } from "ioredis";
import postgres from "postgres";
import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { allBackends, clusterBackends } from "../support/backends.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { waitUntil } from "../support/wait-until.ts";
import { acceptedTurn, enqueueWhenUp } from "./queue-fixture.ts";

const silent: Log = { info() {}, warn() {}, error() {} };
const redisUrl = inject("redisUrl");
const patienceMs = 10_000;

let database: TestDatabase;
let prefix = "";
let closes: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
  prefix = `marker-${randomUUID()}`;
  closes = [];
});

afterEach(async () => {
  await Promise.all(closes.map((close) => close()));
  await database.drop();
});

function markersOf(url: string = database.url) {
  const markers = createQueueMarkers(url);
  closes.push(() => markers.close());
  return markers;
}

const settle = (location: QueueLocation, mayWrite = true, url?: string) =>
  settleMarker(
    { databaseUrl: url ?? database.url, ...location },
    { database: markersOf(url), mayWrite, patienceMs },
  );

/** Accept a turn as an older version does, which knows nothing of markers. */
async function acceptTurn(location: QueueLocation) {
  const producer = createProducer({ databaseUrl: database.url, ...location, log: silent });
  const turn = acceptedTurn();
  await enqueueWhenUp(producer, [turn]);
  await producer.close();
  return turn;
}

async function runSql(text: string): Promise<void> {
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  await sql.unsafe(text);
  await sql.end();
}

const fits = { state: "fits" };
const is = (reason: string) => ({ state: "mismatch", reason });

describe.each(allBackends())("a new queue on $name", ({ redisUrl, shards }) => {
  const here = (): QueueLocation => ({ redisUrl, prefix, shards });

  it("is claimed by many at once with one generation", async () => {
    const verdicts = await Promise.all(Array.from({ length: 8 }, () => settle(here())));
    expect(verdicts).toEqual(verdicts.map(() => fits));
    const marker = await markersOf().read();
    expect(marker).toMatchObject({
      shards,
      isConfirmed: true,
      backend: redisUrl === undefined ? "postgres" : "redis",
    });
    expect(await settle(here(), false)).toEqual(fits);
  });

  it("is claimed by the next one when the first was killed between the two writes", async () => {
    const backend = redisUrl === undefined ? "postgres" : "redis";
    const { generation } = await markersOf().claim({ backend, prefix, shards });
    expect(await settle(here(), false)).toEqual(fits);
    expect(await settle(here())).toEqual(fits);
    expect(await markersOf().read()).toMatchObject({ generation, isConfirmed: true });
  });

  it("that has accepted turns before there were markers is bound to its database", async () => {
    await acceptTurn(here());
    await runSql(`INSERT INTO ledger_counts VALUES ('${randomUUID()}', 'stored', 0, 1)`);
    expect(await settle(here())).toEqual(fits);
    expect(await markersOf().read()).toMatchObject({ isConfirmed: true });
  });
});

describe.skipIf(redisUrl === undefined)("a queue that is not the one of the database", () => {
  const onRedis = (more: Partial<QueueLocation> = {}): QueueLocation => ({ redisUrl, prefix, ...more });

  it("is found out without any marker: turns wait in the database's own queue, or have been accepted there", async () => {
    await acceptTurn({ prefix });
    expect(await settle(onRedis())).toMatchObject(is("turns_in_postgres"));
    await runSql("DELETE FROM bullmq.job");
    expect(await settle(onRedis())).toMatchObject(is("turns_in_postgres"));
    expect(await markersOf().read()).toBeUndefined();
    expect(await settle({ prefix })).toEqual(fits);
  });

  it("is found out without any marker: turns have ended, and it has never accepted one", async () => {
    await runSql(`INSERT INTO ledger_counts VALUES ('${randomUUID()}', 'stored', 0, 1)`);
    expect(await settle({ prefix })).toMatchObject(is("never_accepted"));
    expect(await settle(onRedis())).toMatchObject(is("never_accepted"));
  });

  it("because of its prefix, its layout or its backend", async () => {
    expect(await settle(onRedis())).toEqual(fits);
    expect(await settle(onRedis({ prefix: `${prefix}-2` }))).toMatchObject(is("other_prefix"));
    expect(await settle(onRedis({ shards: 2 }))).toMatchObject(is("other_layout"));
    expect(await settle({ prefix })).toMatchObject(is("other_backend"));
  });

  it("because another database has it", async () => {
    const other = await createTestDatabase();
    closes.push(() => other.drop());
    expect(await settle(onRedis())).toEqual(fits);
    expect(await settle(onRedis(), true, other.url)).toMatchObject(is("other_database"));
    expect(await settle(onRedis())).toEqual(fits);
  });

  it("takes no turn in, gives none out, and does not say that a receipt is unknown", async () => {
    expect(await settle({ prefix })).toEqual(fits);
    const marker = { database: markersOf(), mayWrite: true };
    const handled: string[] = [];
    const handle = async (turn: { readonly receipt: string }): Promise<void> =>
      void handled.push(turn.receipt);
    // What somebody who knows nothing of the database has taken in.
    const turn = await acceptTurn(onRedis());
    const consumer = createConsumer({
      ...onRedis(),
      concurrency: 2,
      marker,
      handlers: { [INGEST_TURN]: handle, [INGEST_EVENTS]: handle },
      deadLetters: { put: () => Promise.resolve("dead") },
      log: silent,
    });
    const producer = createProducer({ ...onRedis(), marker, log: silent });
    const inspector = createQueueInspector({
      ...onRedis(),
      marker: { ...marker, mayWrite: false },
      log: silent,
    });
    closes.unshift(
      () => consumer.drain(2_000),
      () => producer.close(),
      () => inspector.close(),
    );
    const refused = async (act: () => Promise<unknown>): Promise<boolean> => {
      const error = await act().catch((cause: unknown) => cause);
      return (
        isAppError(error, "queue_unavailable") && error.isPublic && error.message.includes("is in Postgres")
      );
    };
    await waitUntil(() => refused(() => producer.ping()), { what: "the producer has looked" });
    await waitUntil(() => refused(() => consumer.ping()), { what: "the consumer has looked" });
    expect(await refused(() => producer.enqueue([acceptedTurn()]))).toBe(true);
    expect(await refused(() => inspector.findReceipt(randomUUID(), randomUUID()))).toBe(true);
    expect(await refused(() => inspector.snapshot())).toBe(true);
    expect(handled).toEqual([]);

    // The operator decides otherwise: all go on by themselves.
    const before = await markersOf().read();
    await markersOf().replace({
      place: { backend: "redis", prefix, shards: 1 },
      expected: before?.generation,
      replaces: undefined,
      carried: new Map(),
      actor: "a test",
      action: "queue.accept",
      details: {},
    });
    await waitUntil(() => handled.includes(turn.receipt), { what: "what waited is handed out" });
    await waitUntil(() => producer.ping().then(() => true), { what: "turns are taken in" });
    await producer.enqueue([acceptedTurn()]);
    await waitUntil(() => handled.length === 2, { what: "so is what came afterwards" });
  });

  it("is told to a producer that knows the queue only, also that a sibling with shards is in use", async () => {
    expect(await settle({ prefix })).toEqual(fits);
    expect(await settle(onRedis())).toMatchObject(is("other_backend"));
    const alone = createProducer({ ...onRedis(), log: silent });
    closes.push(() => alone.close());
    await waitUntil(
      () =>
        alone.ping().then(
          () => false,
          (error: unknown) => String(error).includes("not that of the database"),
        ),
      {
        what: "it is told",
      },
    );

    const other = `${prefix}-sharded`;
    const second = await createTestDatabase();
    closes.push(() => second.drop());
    expect(await settle(onRedis({ prefix: other, shards: 2 }), true, second.url)).toEqual(fits);
    const plain = createProducer({ ...onRedis({ prefix: other }), log: silent });
    closes.push(() => plain.close());
    await waitUntil(
      () =>
        plain.ping().then(
          () => false,
          (error: unknown) => String(error).includes("two queues"),
        ),
      {
        what: "it is told",
      },
    );
  });

  it("is noticed when its marker goes, and when it is back", async () => {
    expect(await settle(onRedis())).toEqual(fits);
    const redis = new Redis(redisUrl ?? "");
    closes.push(() => redis.quit());
    const key = `${prefix}:ingest-register:marker`;
    const kept = await redis.hgetall(key);
    await redis.del(key);
    expect(await settle(onRedis())).toMatchObject(is("marker_lost"));
    await redis.hset(key, kept);
    expect(await settle(onRedis())).toEqual(fits);
    await redis.hset(key, "generation", randomUUID());
    expect(await settle(onRedis())).toMatchObject(is("other_generation"));
  });
});

describe.skipIf(clusterBackends().length === 0)("a queue of shards on a cluster", () => {
  it("may be served by more, is overlooked by fewer than hold turns, and takes turns from either", async () => {
    const [cluster] = clusterBackends();
    const at = (shards: number): QueueLocation => ({ redisUrl: cluster?.redisUrl, prefix, shards });
    expect(await settle(at(2))).toEqual(fits);
    expect(await settle(at(4))).toEqual(fits);
    expect(await settle(at(2), false)).toEqual(fits);
    // Turns go into four from now on.
    await acceptTurn(at(4));
    await waitUntil(async () => (await settle(at(2), false)).state === "mismatch", { what: "it is noted" });
    expect(await settle(at(2))).toMatchObject(is("fewer_shards"));
    expect(await settle(at(4))).toEqual(fits);
    expect(await markersOf().read()).toMatchObject({ shards: 4 });
    await acceptTurn(at(2));
    expect(await settle(at(1))).toMatchObject(is("other_layout"));
  });
});
