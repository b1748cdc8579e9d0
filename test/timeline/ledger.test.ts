import { randomUUID } from "node:crypto";
import { AppError } from "@turnpike/domain/errors";
import { createLogger } from "@turnpike/kit/process/logger";
import { createProducer } from "@turnpike/queue/producer/producer";
import { createQueueInspector } from "@turnpike/queue/inspector/queue-inspector";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { v7 as uuidv7 } from "uuid";
import { useStore } from "../support/store-fixture.ts";
import { turnBody } from "../support/turn-body.ts";
import { untilUp } from "../support/wait-until.ts";
import { ask, createTestTimeline, problem } from "./timeline-fixture.ts";

const fixture = useStore();
const logger = createLogger({ level: "silent", name: "test" });
let timeline: ReturnType<typeof createTestTimeline>;
const closes: (() => Promise<unknown>)[] = [];
let producer: ReturnType<typeof createProducer>;
// Thrown by the queue when it is set.
let outage: AppError | undefined;

beforeAll(async () => {
  const location = { redisUrl: undefined, databaseUrl: fixture.url, prefix: "test", log: logger };
  producer = createProducer(location);
  const inspector = createQueueInspector(location);
  const snapshot = () => (outage === undefined ? inspector.snapshot() : Promise.reject(outage));
  timeline = createTestTimeline({ url: fixture.url, queue: { ...inspector, snapshot } });
  closes.push(
    () => producer.close(),
    () => inspector.close(),
    () => timeline.close(),
  );
  await untilUp(producer, "its queue is open");
});

afterAll(async () => {
  for (const close of closes) await close();
});

async function accept(orgId: string, count: number): Promise<void> {
  // One by one: each is a job of its own.
  for (let turn = 0; turn < count; turn += 1) {
    const facts = { receipt: uuidv7(), orgId, requestId: "r", acceptedAt: new Date().toISOString() };
    await producer.enqueue([{ ...facts, body: turnBody({ org: orgId }) }]);
  }
}

const line = { stored: 0, duplicate: 0, deadLettered: 0, discarded: 0, failed: 0 };

describe("GET /v1/ledger", () => {
  it("misses a job that was taken out of the queue behind its back, and says of which org", async () => {
    const [orgId, other] = [randomUUID(), randomUUID()];
    await accept(orgId, 3);
    await accept(other, 2);
    const whole = { ...line, accepted: 3, inFlight: 3, difference: 0 };
    expect((await ask(timeline.app, "/v1/ledger", orgId)).body).toMatchObject({ total: whole });
    await fixture.sql`
      DELETE FROM bullmq.job WHERE ctid = (SELECT ctid FROM bullmq.job WHERE data::text LIKE ${`%${orgId}%`} LIMIT 1)`;
    const lost = { ...line, accepted: 3, inFlight: 2, difference: 1 };
    const mine = await ask(timeline.app, "/v1/ledger", orgId);
    expect(mine.body).toEqual({ items: [{ orgId, ...lost }], total: lost, readAt: expect.any(String) });
    const { body } = await ask<{ items: { orgId: string; difference: number }[] }>(
      timeline.app,
      "/v1/ledger",
    );
    expect(body).toMatchObject({ total: { accepted: 5, inFlight: 4, difference: 1 } });
    expect(new Map(body.items.map((item) => [item.orgId, item.difference]))).toEqual(
      new Map([
        [orgId, 1],
        [other, 0],
      ]),
    );
  });

  it("of an org that never sent anything is all zero", async () => {
    const { body } = await ask(timeline.app, "/v1/ledger", randomUUID());
    expect(body).toMatchObject({ items: [], total: { ...line, accepted: 0, inFlight: 0, difference: 0 } });
  });

  it("is 503 when the queue is away; the metrics are there all the same and say that they are not known", async () => {
    outage = new AppError("queue_unavailable", "connect ECONNREFUSED 10.0.0.7:6379");
    const { body } = await ask(timeline.app, "/v1/ledger");
    expect(body).toMatchObject(problem(503, "queue_unavailable"));
    const unknown = await (await timeline.app.request("/metrics")).text();
    expect(unknown).toMatch(/^turnpike_ledger_difference\{app="timeline"\} Nan$/im);
    expect(unknown).toMatch(/^turnpike_ledger_age_seconds\{app="timeline"\} [\d.]+$/m);
    outage = undefined;
    const known = await (await timeline.app.request("/metrics")).text();
    expect(known).toMatch(/^turnpike_ledger_difference\{app="timeline"\} 1$/m);
    expect(known).toMatch(/^turnpike_queue_jobs\{app="timeline"\} 4$/m);
    outage = new AppError("queue_unavailable", "away");
    const kept = await (await timeline.app.request("/metrics")).text();
    expect(kept).toMatch(/^turnpike_ledger_difference\{app="timeline"\} 1$/m);
    outage = undefined;
  });

  it("shows what the queue gave up as failed, alone or together with others, and in flight", async () => {
    const orgId = randomUUID();
    await accept(orgId, 2);
    const facts = () => ({ receipt: uuidv7(), orgId, requestId: "r", acceptedAt: new Date().toISOString() });
    await producer.enqueue([1, 2, 3].map(() => ({ ...facts(), body: turnBody({ org: orgId }) })));
    await fixture.sql`
      UPDATE bullmq.job SET state = 'failed', finished_at_ms = 1
      WHERE id LIKE ${`${orgId}%`} AND (name = 'ingest-turns' OR ctid = (
        SELECT ctid FROM bullmq.job WHERE id LIKE ${`${orgId}%`} AND name <> 'ingest-turns' LIMIT 1))`;
    const { body } = await ask<{ total: object }>(timeline.app, "/v1/ledger", orgId);
    expect(body.total).toMatchObject({ accepted: 5, inFlight: 5, failed: 4, difference: 0 });
  });
});
