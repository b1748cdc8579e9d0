/** Receipts from the real queue and the real worker, on every backend: what became of an accepted turn. */
import { randomUUID } from "node:crypto";
import type { AcceptedTurn } from "@turnpike/domain/ports/ports";
import { createLogger } from "@turnpike/kit/process/logger";
import { createRegistry } from "@turnpike/kit/process/metrics";
import { createProducer, type Producer } from "@turnpike/queue/producer/producer";
import { createQueueInspector, type QueueInspector } from "@turnpike/queue/inspector/queue-inspector";
import { createWorker } from "@turnpike/worker/worker";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allBackends } from "../support/backends.ts";
import { useStore } from "../support/store-fixture.ts";
import { turnBody } from "../support/turn-body.ts";
import { untilUp, waitUntil } from "../support/wait-until.ts";
import { ask, createTestTimeline, problem } from "./timeline-fixture.ts";

const logger = createLogger({ level: "silent", name: "test" });

describe.each(allBackends())("GET /v1/receipts/{receipt} on $name", (backend) => {
  const fixture = useStore();
  const org = randomUUID();
  let producer: Producer;
  let queue: QueueInspector;
  let timeline: ReturnType<typeof createTestTimeline>;
  const closes: (() => Promise<unknown>)[] = [];
  const locate = () => ({
    redisUrl: backend.redisUrl,
    databaseUrl: fixture.url,
    prefix: `test-${new URL(fixture.url).pathname.slice(1)}`,
    shards: backend.shards,
  });

  beforeAll(async () => {
    producer = createProducer({ ...locate(), log: logger });
    queue = createQueueInspector({ ...locate(), log: logger });
    timeline = createTestTimeline({ url: fixture.url, queue });
    closes.push(
      () => producer.close(),
      () => queue.close(),
      () => timeline.close(),
    );
    await untilUp(producer, "its queue is open");
  });

  afterAll(async () => {
    for (const close of closes.reverse()) await close();
  });

  const accept = async (body: string): Promise<AcceptedTurn> => {
    const turn = { receipt: uuidv7(), orgId: org, requestId: "r", acceptedAt: "2026-11-21T07:10:00Z", body };
    // In one shard, whose jobs come in order.
    await producer.enqueue([{ ...turn, group: org }]);
    return turn;
  };
  const read = (receipt: string, orgId = org) => ask(timeline.app, `/v1/receipts/${receipt}`, orgId);
  const startWorker = (): void => {
    const worker = createWorker({
      store: fixture.store,
      deadLetters: timeline.deadLetters,
      queue: locate(),
      concurrency: 1,
      logger,
      registry: createRegistry("worker"),
      wakes: { publish() {} },
    });
    closes.push(() => worker.drain(5_000));
  };
  const readEnd = (receipt: string) =>
    waitUntil(
      async () => {
        const { body } = await read(receipt);
        return body["state"] !== "queued" && body["state"] !== undefined && body;
      },
      { what: `${receipt} has come to its end` },
    );

  it("goes from queued to where the turn is, whichever way it ends", async () => {
    const stored = await accept(turnBody({ org }));
    const repeated = await accept(turnBody({ org }));
    const poison = await accept('{"provider":"acme"}');
    const loose = await accept(turnBody({ envelope: null, answer: "without a session" }));
    for (const turn of [stored, repeated, poison, loose]) {
      const { status, body } = await read(turn.receipt);
      expect([status, body]).toEqual([200, { receipt: turn.receipt, state: "queued" }]);
      expect((await read(turn.receipt, randomUUID())).body).toMatchObject(problem(404, "not_found"));
    }

    startWorker();
    const end = await readEnd(stored.receipt);
    expect(end).toEqual({
      receipt: stored.receipt,
      state: "stored",
      headHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      sessionId: expect.any(String),
      turnId: expect.any(String),
      firstSequence: 1,
      lastSequence: 4,
    });
    expect(await readEnd(repeated.receipt)).toEqual({
      receipt: repeated.receipt,
      state: "duplicate",
      headHash: end["headHash"],
      sessionId: end["sessionId"],
      turnId: end["turnId"],
    });
    expect(await readEnd(poison.receipt)).toEqual({
      receipt: poison.receipt,
      state: "dead",
      reason: expect.stringMatching(/^unsupported_provider: unprocessable turn: unsupported provider "acme"/),
      attempts: 1,
      code: "unsupported_provider",
      firstFailedAt: expect.any(String),
      lastFailedAt: expect.any(String),
      replaying: false,
      discarded: false,
    });
    expect(await readEnd(loose.receipt)).toEqual({
      receipt: loose.receipt,
      state: "stored",
      headHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });

    const path = `/v1/sessions/${String(end["sessionId"])}/turns/${String(end["turnId"])}`;
    expect((await ask(timeline.app, path, org)).body).toMatchObject({ headHash: end["headHash"] });
    for (const turn of [stored, repeated, poison, loose]) {
      expect((await read(turn.receipt, randomUUID())).body).toMatchObject(problem(404, "not_found"));
    }
  });

  it("is unknown when nobody was ever given it", async () => {
    const { body } = await read(randomUUID());
    expect(body).toMatchObject({ ...problem(404, "not_found"), detail: "no such receipt" });
  });
});
