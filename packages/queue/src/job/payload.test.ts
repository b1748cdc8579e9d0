import { isAppError } from "@turnpike/domain/errors";
import { describe, expect, it } from "vitest";
import {
  bodyLengthOf,
  INGEST_EVENTS,
  INGEST_TURN,
  jobIdOf,
  liesBeside,
  mayBeUnregistered,
  readJob,
  writeJob,
} from "./payload.ts";

const nothingBeside = () => Promise.resolve(undefined);

const turn = {
  receipt: "0199f7a2-6c7e-7cc3-98c4-dc0c0c07398f",
  orgId: "3f1c9d52-7a44-4c0e-9b1e-5d7a0f4e2c11",
  requestId: "r-1",
  acceptedAt: "2026-11-21T07:10:00.000Z",
  body: '{"b":1,"a":2}',
};

describe("a payload", () => {
  it.each([INGEST_TURN, INGEST_EVENTS] as const)("of %s is read back as what was written", async (name) => {
    for (const body of [turn.body, JSON.stringify({ text: "x".repeat(100_000) })]) {
      const job = await writeJob(name, { ...turn, body }, "tight");
      expect(job.name).toBe(name);
      const readPayload = (jobId: string) => Promise.resolve(jobId === job.jobId ? job.payload : undefined);
      const read = await readJob(job.name, job.data, readPayload);
      expect(read).toEqual({ name, accepted: { ...turn, body: Buffer.from(body) } });
      expect(bodyLengthOf(job.data)).toBe(Buffer.byteLength(body));
      expect(liesBeside(job.data)).toBe(true);
      expect(mayBeUnregistered(job.data)).toBe(false);
    }
  });

  it("of a body that shares a list is read back as what was put together, and as nothing else", async () => {
    const body = Buffer.from(JSON.stringify({ messages: ["a", "b"], text: "x".repeat(20_000) }));
    const rest = Buffer.concat([body.subarray(0, 13), body.subarray(20)]);
    const split = { listId: turn.receipt, lastPart: 3, at: 13, rest, part: body.subarray(13, 20), end() {} };
    const job = await writeJob(INGEST_TURN, { ...turn, body }, "tight", split);
    expect(job.share).toMatchObject({ listId: turn.receipt, lastPart: 3, at: 13, encoding: "deflate" });
    expect(job.share?.part).toEqual({ encoding: "identity", payload: body.subarray(13, 20) });
    expect(job.bytes).toBe((job.payload?.length ?? 0) + 7);
    const read = (payload: Buffer) => readJob(job.name, job.data, () => Promise.resolve(payload));
    expect(await read(body)).toEqual({ name: INGEST_TURN, accepted: { ...turn, body } });
    expect([bodyLengthOf(job.data), liesBeside(job.data), mayBeUnregistered(job.data)]).toEqual([
      body.length,
      true,
      false,
    ]);
    for (const wrong of [rest, Buffer.from(body.toString().replace("b", "c"))]) {
      const error = await read(wrong).catch((reason: unknown) => reason);
      expect(isAppError(error, "unreadable_job") && error.message).toMatch(/not what was received$/);
    }
  });

  it("of version 1 stays readable", async () => {
    const { body: _body, ...facts } = turn;
    // What a process of the first version left in a queue; its compressed body is `{"text":"hello"}`.
    const stored = { v: 1, ...facts, encoding: "deflate", body: "q1YqSa0oUbJSykjNyclXqgUA", added: "later" };
    expect(await readJob("ingest-turn", stored, nothingBeside)).toEqual({
      name: "ingest-turn",
      accepted: { ...facts, body: '{"text":"hello"}' },
    });
    expect(liesBeside(stored)).toBe(false);
    expect(mayBeUnregistered(stored)).toBe(true);
  });

  it.each([
    [{ encoding: "identity", body: '{"text":"hello"}' }, undefined],
    [{ encoding: "deflate", body: "q1YqSa0oUbJSykjNyclXqgUA" }, undefined],
    [{ encoding: "beside" }, Buffer.from("q1YqSa0oUbJSykjNyclXqgUA", "base64")],
  ])("of version 2 stays readable: %j", async (body, payload) => {
    const { body: _body, ...facts } = turn;
    const stored = { v: 2, ...facts, chars: 16, ...body };
    expect(await readJob("ingest-turn", stored, () => Promise.resolve(payload))).toEqual({
      name: "ingest-turn",
      accepted: { ...facts, body: '{"text":"hello"}' },
    });
    expect(bodyLengthOf(stored)).toBe(16);
    expect(liesBeside(stored)).toBe(payload !== undefined);
    expect(mayBeUnregistered(stored)).toBe(false);
  });

  it.each<[string, unknown, string]>([
    ["a future version", { v: 99, ...turn, encoding: "identity" }, "v"],
    ["no length", { v: 2, ...turn, encoding: "identity" }, "chars"],
    ["no size", { v: 3, ...turn, encoding: "identity" }, "bytes"],
    ["no receipt", { v: 1, ...turn, encoding: "identity", receipt: "x" }, "receipt"],
    ["an unknown encoding", { v: 1, ...turn, encoding: "zip" }, "encoding"],
    ["no body", { v: 1, ...turn, encoding: "identity", body: null }, "body"],
    ["nothing", undefined, "not an object"],
    ["a text", "{}", "not an object"],
  ])("with %s is unreadable, and the field is named", async (_name, data, field) => {
    const error = await readJob(INGEST_TURN, data, nothingBeside).catch((reason: unknown) => reason);
    expect(isAppError(error, "unreadable_job") && error.message).toBe(`unreadable job payload: ${field}`);
  });

  it.each(["", "other", "constructor", "__proto__"])("of a job called %j is unreadable", async (name) => {
    const { data } = await writeJob(INGEST_TURN, turn, "tight");
    const error = await readJob(name, data, nothingBeside).catch((reason: unknown) => reason);
    expect(isAppError(error, "unreadable_job")).toBe(true);
  });
});

describe("a job's id", () => {
  it("holds org and receipt, is no number and has no colon, which BullMQ keeps for itself", () => {
    const id = jobIdOf(turn.orgId, turn.receipt);
    expect(id).toContain(turn.orgId);
    expect(id).toContain(turn.receipt);
    expect(id).not.toMatch(/^\d+$|:/);
  });
});
