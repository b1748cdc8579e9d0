import { randomUUID } from "node:crypto";
import { isAppError } from "@turnpike/domain/errors";
import type { AcceptedTurn } from "@turnpike/domain/ports/ports";
import { INGEST_TURN, readJob, writeJob } from "@turnpike/queue/job/payload";
import { readDeadJob, reviveJob, writeDeadJob } from "@turnpike/queue/job/dead-job";
import { createJobContents } from "@turnpike/queue/consumer/payload-access";
import type { RunnableJob } from "@turnpike/queue/consumer/run-job";
import { describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { withText } from "../support/with-text.ts";
import { acceptedTurn, countUnfinished, enqueueWhenUp, idOf, useQueue } from "./queue-fixture.ts";
import { largeTurn, readBook, untilEmpty, useRegisters } from "./register-fixture.ts";

async function writeDead(turn: AcceptedTurn): Promise<Uint8Array> {
  const job = await writeJob(INGEST_TURN, turn, "tight");
  return (await writeDeadJob(job, () => Promise.resolve(job.payload))).job;
}

const nothingBeside = () => Promise.resolve(undefined);

describe.each(queueBackends())("a dead letter's job on $name", (backend) => {
  const queue = useQueue(backend);
  const openRegister = useRegisters();

  it.each([
    ["small", () => acceptedTurn('{"text":"🐞"}')],
    ["large", () => largeTurn()],
  ])(
    "is put back as it was, is taken off again, and is not counted as accepted: a %s one",
    async (_size, make) => {
      const turn = make();
      const producer = queue.produce();
      await enqueueWhenUp(producer, []);
      await producer.replay(turn.orgId, turn.receipt, await writeDead(turn));
      const register = await openRegister(queue.location);
      expect(await readBook(register, turn.orgId)).toMatchObject({ accepted: 0, inFlight: 1, jobs: 1 });
      const taken: AcceptedTurn[] = [];
      queue.consume(async (given) => void taken.push(withText(given)));
      await untilEmpty(register, turn.orgId);
      expect(taken).toEqual([turn]);
      expect(await readBook(register, turn.orgId)).toEqual({ accepted: 0, inFlight: 0, jobs: 0, bytes: 0 });
      expect(await register.readPayload(idOf(turn))).toBeUndefined();
    },
  );

  it.each([
    ["1, in the job itself", { v: 1, encoding: "identity" }],
    ["2, in the job itself", { v: 2, chars: 14, encoding: "identity" }],
  ])("of an older version is put back as it was: %s", async (_where, version) => {
    const { body, ...facts } = acceptedTurn('{"text":"old"}');
    const producer = queue.produce();
    await enqueueWhenUp(producer, []);
    const job = { jobId: idOf({ ...facts, body }), name: INGEST_TURN, data: { ...version, ...facts, body } };
    const dead = await writeDeadJob(job, nothingBeside);
    await producer.replay(facts.orgId, facts.receipt, dead.job);
    const taken: AcceptedTurn[] = [];
    queue.consume(async (given) => void taken.push(withText(given)));
    await untilEmpty(await openRegister(queue.location), facts.orgId);
    expect(taken).toEqual([{ ...facts, body }]);
  });

  it("is left alone while it is in the queue", async () => {
    const turn = largeTurn();
    const producer = queue.produce();
    await enqueueWhenUp(producer, [turn]);
    const register = await openRegister(queue.location);
    const before = await readBook(register, turn.orgId);
    await producer.replay(turn.orgId, turn.receipt, await writeDead(turn));
    await producer.replay(turn.orgId, turn.receipt, await writeDead(turn));
    expect(await readBook(register, turn.orgId)).toEqual(before);
    expect(await countUnfinished(queue)).toBe(1);
  });
});

describe("a dead letter's job", () => {
  it.each([acceptedTurn('{"text":"a"}'), largeTurn()])("shows its body", async (turn) => {
    const shown = await readDeadJob(await writeDead(turn));
    expect(shown).toMatchObject({ name: INGEST_TURN, body: turn.body, raw: { receipt: turn.receipt } });
  });

  it("of an unknown version is kept as it is", async () => {
    const job = { jobId: "a_b", name: "ingest-turn", data: { v: 99, x: [1] } };
    const dead = await writeDeadJob(job, nothingBeside);
    expect(await readDeadJob(dead.job)).toEqual({
      name: "ingest-turn",
      body: undefined,
      raw: { v: 99, x: [1] },
    });
  });

  it("that lost what lay beside it is written down without", async () => {
    const turn = largeTurn();
    const job = await writeJob(INGEST_TURN, turn, "tight");
    const missing = () => Promise.resolve(undefined);
    const error = await readJob(job.name, job.data, missing).catch((reason: unknown) => reason);
    expect(isAppError(error, "unreadable_job") && error.message).toMatch(/beside the queue is missing$/);
    expect(await readDeadJob((await writeDeadJob(job, missing)).job)).toMatchObject({
      body: undefined,
      raw: job.data,
    });
  });

  it("is known to be whole, or to have lost what lay beside it", async () => {
    const job = await writeJob(INGEST_TURN, largeTurn(), "tight");
    const write = (payload: Uint8Array | undefined) => {
      const register = { readPayload: () => Promise.resolve(payload), adopt: () => Promise.resolve(0) };
      return createJobContents(register).write({ id: job.jobId, ...job } as unknown as RunnableJob);
    };
    const whole = await write(job.payload);
    expect([whole.isWhole, await readDeadJob(whole.job)]).toMatchObject([true, { raw: job.data }]);
    expect((await readDeadJob(whole.job)).body).toBeDefined();
    const rest = await write(undefined);
    expect([rest.isWhole, (await readDeadJob(rest.job)).body]).toEqual([false, undefined]);
  });

  it("keeps what lay beside it of a version that is newer than its worker, for a newer one to run", async () => {
    const job = await writeJob(INGEST_TURN, largeTurn(), "tight");
    const newer = { jobId: job.jobId, name: job.name, data: { ...(job.data as object), v: 99 } };
    const letter = await writeDeadJob(newer, () => Promise.resolve(job.payload));
    expect([letter.isWhole, (await readDeadJob(letter.job)).body]).toEqual([true, undefined]);
    expect(reviveJob(job.jobId, randomUUID(), letter.job, 0)).toMatchObject({
      data: newer.data,
      payload: job.payload,
    });
  });

  it("that is none is refused", async () => {
    const error = await readDeadJob(Buffer.from("no")).catch((reason: unknown) => reason);
    expect(isAppError(error, "unreadable_job")).toBe(true);
  });
});
