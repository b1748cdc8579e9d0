import { randomUUID } from "node:crypto";
import type { AcceptedTurn } from "@turnpike/domain/ports/ports";
import { describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { acceptedTurn, enqueueWhenUp, idOf, useQueue } from "./queue-fixture.ts";
import { textOfBody } from "@turnpike/domain/json/decode-utf8";
import { withText } from "../support/with-text.ts";
import { largeTurn, readBook, untilEmpty, useRegisters } from "./register-fixture.ts";

const EMPTY = { accepted: 0, inFlight: 0, jobs: 0, bytes: 0 };

describe.each(queueBackends())("the register on $name", (backend) => {
  const queue = useQueue(backend);
  const openRegister = useRegisters();

  it("counts what is accepted, and knows what is in flight, by org", async () => {
    const [one, other] = [randomUUID(), randomUUID()];
    const turns = [acceptedTurn("{}", one), acceptedTurn('{"a":1}', one), acceptedTurn("{}", other)];
    await enqueueWhenUp(queue.produce(), turns);
    const register = await openRegister(queue.location);
    expect(await readBook(register, one)).toEqual({ accepted: 2, inFlight: 2, jobs: 2, bytes: 9 });
    expect(await readBook(register, other)).toEqual({ accepted: 1, inFlight: 1, jobs: 1, bytes: 2 });
    expect(new Set((await register.snapshot()).jobIds)).toEqual(new Set(turns.map(idOf)));
    const { states, oldestAcceptedAt } = await register.states();
    // The two of one org travel together.
    expect(states["waiting"]).toBe(2);
    expect(Date.parse(oldestAcceptedAt ?? "")).toBeGreaterThan(0);
  });

  it("knows of nothing in flight once all is worked off, and goes on to count what was accepted", async () => {
    const orgId = randomUUID();
    await enqueueWhenUp(queue.produce(), [acceptedTurn("{}", orgId), largeTurn(orgId)]);
    const bodies: string[] = [];
    queue.consume(async ({ body }) => void bodies.push(textOfBody(body)));
    const register = await openRegister(queue.location);
    await untilEmpty(register, orgId);
    expect(await readBook(register, orgId)).toEqual({ ...EMPTY, accepted: 2 });
    expect(bodies).toHaveLength(2);
    expect(await register.sweep()).toEqual({
      ran: true,
      checked: 0,
      released: 0,
      orphanPayloads: 0,
      adopted: 0,
    });
  });

  it("keeps a large body beside the queue, as long as its job is there", async () => {
    const turn = largeTurn();
    await enqueueWhenUp(queue.produce(), [turn]);
    const register = await openRegister(queue.location);
    const payload = await register.readPayload(idOf(turn));
    expect(payload?.length).toBeGreaterThan(256 * 1024);
    expect((await readBook(register, turn.orgId)).bytes).toBe(payload?.length);
    const taken: AcceptedTurn[] = [];
    queue.consume(async (given) => void taken.push(withText(given)));
    await untilEmpty(register, turn.orgId);
    expect(taken).toEqual([turn]);
    expect(await register.readPayload(idOf(turn))).toBeUndefined();
  });

  it("counts a turn once whose receipt is in the queue already", async () => {
    const producer = queue.produce();
    const turn = largeTurn();
    await enqueueWhenUp(producer, [turn]);
    const register = await openRegister(queue.location);
    const before = await readBook(register, turn.orgId);
    await producer.enqueue([turn, acceptedTurn("{}", turn.orgId)]);
    expect(await readBook(register, turn.orgId)).toEqual({
      accepted: 2,
      inFlight: 2,
      jobs: 2,
      bytes: before.bytes + 2,
    });
  });

  it("leaves jobs that are still in the queue as they are, whoever releases them, and sweeps nothing", async () => {
    const turn = largeTurn();
    await enqueueWhenUp(queue.produce(), [turn]);
    const register = await openRegister(queue.location);
    const before = await readBook(register, turn.orgId);
    expect(await register.release([idOf(turn), "nobody"])).toBe(0);
    expect(await register.sweep()).toMatchObject({ released: 0, orphanPayloads: 0, adopted: 0 });
    expect(await readBook(register, turn.orgId)).toEqual(before);
    expect(await register.readPayload(idOf(turn))).toBeDefined();
  });

  it("finds what a crash has left behind, once", async () => {
    const turns = [acceptedTurn(), largeTurn(), acceptedTurn()];
    await enqueueWhenUp(queue.produce(), turns);
    const register = await openRegister(queue.location);
    await queue.removeRaw(turns.slice(0, 2).map(idOf));
    // On Postgres the transaction that took them out has taken them off.
    const expected = backend.name === "redis" ? 2 : 0;
    expect(await register.sweep()).toMatchObject({ ran: true, released: expected, orphanPayloads: 0 });
    expect(await register.sweep()).toMatchObject({ ran: true, released: 0 });
    expect((await register.snapshot()).jobIds).toEqual([idOf(turns[2] as AcceptedTurn)]);
    expect(await register.readPayload(idOf(turns[1] as AcceptedTurn))).toBeUndefined();
    expect((await register.load()).jobs).toBe(1);
  });

  it("adopts a job that an older version has put in", async () => {
    const { body, ...facts } = acceptedTurn('{"old":true}');
    const turn = { ...facts, body };
    await queue.putRaw(idOf(turn), { v: 1, ...facts, encoding: "identity", body });
    const register = await openRegister(queue.location);
    await register.sweep();
    expect(await readBook(register, turn.orgId)).toMatchObject({ accepted: 1, inFlight: 1, jobs: 1 });
    expect(await register.adopt([idOf(turn), "nobody"])).toBe(0);
    const taken: AcceptedTurn[] = [];
    queue.consume(async (given) => void taken.push(withText(given)));
    await untilEmpty(register, turn.orgId);
    expect(taken).toEqual([turn]);
    expect(await readBook(register, turn.orgId)).toEqual({ ...EMPTY, accepted: 1 });
  });
});
