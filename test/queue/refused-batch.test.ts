/** A batch is put in whole or not at all, and counted accordingly, in whatever way the backend refuses it. */
import { randomUUID } from "node:crypto";
import { isAppError } from "@turnpike/domain/errors";
import { createProducer } from "@turnpike/queue/producer/producer";
import type { Register } from "@turnpike/queue/backend/ledger";
import { afterEach, describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { useRedis } from "../support/use-redis.ts";
import { waitUntil } from "../support/wait-until.ts";
import { acceptedTurn, enqueueWhenUp, idOf, useQueue } from "./queue-fixture.ts";
import { largeTurn, readBook, useRegisters } from "./register-fixture.ts";

const EMPTY = { accepted: 0, inFlight: 0, jobs: 0, bytes: 0 };
const MIB = 1024 * 1024;

async function expectNothingOf(register: Register, orgId: string): Promise<void> {
  expect(await readBook(register, orgId)).toEqual(EMPTY);
  expect((await register.sweep()).orphanPayloads).toBe(0);
}

async function expectRefused(enqueue: () => Promise<void>): Promise<void> {
  const error = await enqueue().catch((reason: unknown) => reason);
  expect(isAppError(error, "queue_unavailable")).toBe(true);
}

const [postgres, redisBackend] = queueBackends();

describe("a batch that Postgres refuses", () => {
  const queue = useQueue(postgres as typeof postgres & object);
  const openRegister = useRegisters();

  it.each([1, 2])("is neither put in nor counted, with %d good turns in it", async (count) => {
    const orgId = randomUUID();
    const producer = queue.produce();
    const good = [largeTurn(orgId), acceptedTurn("{}", orgId)].slice(0, count);
    // No text of Postgres holds this character.
    const bad = { ...acceptedTurn("{}", orgId), requestId: "\u0000" };
    await enqueueWhenUp(producer, []);
    await expectRefused(() => producer.enqueue([...good, bad]));
    const register = await openRegister(queue.location);
    await expectNothingOf(register, orgId);
    await producer.enqueue(good);
    expect(await readBook(register, orgId)).toMatchObject({ accepted: count, inFlight: count, jobs: count });
  });
});

describe.skipIf(redisBackend === undefined)("a batch that Redis refuses", () => {
  const openRegister = useRegisters();
  const redis = useRedis();
  afterEach(() => redis().admin.config("SET", "maxmemory", "0"));

  const prepare = async () => {
    const location = { redisUrl: redis().url, prefix: `test-${randomUUID()}` };
    const producer = createProducer({ ...location, log: { info() {}, warn() {}, error() {} } });
    await enqueueWhenUp(producer, [acceptedTurn()]);
    return { producer, register: await openRegister(location) };
  };

  it("because its scripts were flushed is neither put in nor counted, and the next one is taken", async () => {
    const { producer, register } = await prepare();
    const orgId = randomUUID();
    const turns = [largeTurn(orgId), acceptedTurn("{}", orgId)];
    await redis().admin.script("FLUSH", "SYNC");
    await expectRefused(() => producer.enqueue(turns));
    await expectNothingOf(register, orgId);
    await waitUntil(() => producer.enqueue(turns).then(() => true), { what: "the turns are taken" });
    expect(await readBook(register, orgId)).toMatchObject({ accepted: 2, inFlight: 2, jobs: 2 });
    expect(await register.readPayload(idOf(turns[0] as (typeof turns)[0]))).toBeDefined();
    await producer.close();
  });

  it("because it is out of memory is neither put in nor counted, and the next one is taken", async () => {
    const { producer, register } = await prepare();
    const orgId = randomUUID();
    const turns = [largeTurn(orgId), acceptedTurn("{}", orgId)];
    await redis().admin.config("SET", "maxmemory", String(MIB));
    // The producer does not know of it yet: it is Redis that refuses.
    await expectRefused(() => producer.enqueue(turns));
    await expectRefused(() => producer.enqueueEvents(turns));
    expect(await readBook(register, orgId)).toEqual(EMPTY);
    await redis().admin.config("SET", "maxmemory", "0");
    await expectNothingOf(register, orgId);
    await waitUntil(() => producer.enqueue(turns).then(() => true), { what: "the turns are taken" });
    expect(await readBook(register, orgId)).toMatchObject({ accepted: 2, inFlight: 2 });
    await producer.close();
  });

  it("because it would fill the memory that workers need is refused before it is sent", async () => {
    const { producer, register } = await prepare();
    const used = Number(/^used_memory:(\d+)/m.exec(await redis().admin.info("memory"))?.[1]);
    await redis().admin.config("SET", "maxmemory", String(used + 4 * MIB));
    const before = { ...producer.refusals() };
    const orgId = randomUUID();
    await waitUntil(
      async () => {
        await producer.enqueue([largeTurn(orgId)]).catch(() => {});
        return producer.refusals().memory > before.memory;
      },
      { what: "the margin is reached" },
    );
    expect((await register.load()).memory?.usedBytes).toBeLessThan(used + 4 * MIB);
    await redis().admin.config("SET", "maxmemory", "0");
    await waitUntil(() => producer.enqueue([largeTurn(orgId)]).then(() => true), { what: "there is room" });
    await producer.close();
  });
});
