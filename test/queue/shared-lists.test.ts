/** Turns of a session share its conversation in a queue in Postgres, and it cannot be told from outside. */
import { randomUUID } from "node:crypto";
import { type BodyHistory, createBodyHistory } from "@turnpike/domain/conversation-cache/conversation-cache";
import { textOfBody } from "@turnpike/domain/json/decode-utf8";
import { AppError, isAppError } from "@turnpike/domain/errors";
import type { BodyToEnqueue } from "@turnpike/domain/ports/ports";
import { readTurnBody } from "@turnpike/domain/turn/turn-body";
import * as fc from "fast-check";
import postgres, { type Sql } from "postgres";
import { v7 as uuidv7 } from "uuid";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { waitUntil } from "../support/wait-until.ts";
import { countUnfinished, enqueueWhenUp, idOf, useQueue } from "./queue-fixture.ts";
import { readBook, useRegisters } from "./register-fixture.ts";

const POSTGRES = { name: "postgres", redisUrl: undefined, shards: 1 } as const;
const TOO_OLD = "30 minutes";

const message = (text: string, role: string): object => ({ role, content: [{ type: "text", text }] });
/** A conversation of so many messages of some 2 kB each, no two the same. */
const talkOf = (count: number, of = "a"): object[] =>
  Array.from({ length: count }, (_unused, at) =>
    message(`${of} ${at} 🕷️ نص `.repeat(80), at % 2 === 0 ? "user" : "assistant"),
  );

describe("turns that share a conversation", () => {
  const queue = useQueue(POSTGRES);
  const openRegister = useRegisters();
  const orgId = randomUUID();
  let history: BodyHistory;
  let sql: Sql;
  beforeEach(() => {
    history = createBodyHistory({ maxBytes: 2 ** 24 });
    sql = postgres(queue.location.databaseUrl ?? "", { max: 2, onnotice: () => {} });
  });
  afterEach(() => sql.end());

  /** What ingest makes of a turn with these messages. */
  const turnOf = (
    messages: readonly object[],
    session = "s-1",
  ): BodyToEnqueue & { readonly body: Buffer } => {
    const body = Buffer.from(
      JSON.stringify({
        provider: "anthropic",
        request: { model: "m", messages, system: "be brief" },
        response: { message: { role: "assistant", content: [{ type: "text", text: "yes" }] } },
        session: { harness_session_id: session },
      }),
    );
    const parsed = history.parse(body);
    const list = parsed.remember(readTurnBody(parsed.body).messages);
    const facts = { receipt: uuidv7(), orgId, requestId: "r", acceptedAt: "2026-11-29T01:00:00.000Z" };
    return { ...facts, body, group: session, list };
  };
  const countLists = async () =>
    (
      await sql`SELECT (SELECT count(*)::int FROM turnpike_queue.lists) AS lists,
                       (SELECT count(*)::int FROM turnpike_queue.list_parts) AS parts,
                       (SELECT sum(octet_length(body))::int FROM turnpike_queue.payloads) AS "payloadBytes"`
    )[0];
  const takeAll = async (): Promise<Map<string, string>> => {
    const taken = new Map<string, string>();
    const consumer = queue.consume(async ({ body }, { jobId }) => void taken.set(jobId, textOfBody(body)));
    await waitUntil(async () => (await countUnfinished(queue)) === 0, { what: "the queue is empty" });
    await consumer.drain(5_000);
    return taken;
  };
  const asSent = (turns: readonly (BodyToEnqueue & { readonly body: Buffer })[]) =>
    new Map(turns.map((turn) => [idOf(turn), turn.body.toString()]));

  it("are read as they were sent, by whoever read the earlier ones and by whoever did not", async () => {
    const turns = [6, 8, 12, 12, 8, 40].map((count) => turnOf(talkOf(count)));
    const producer = queue.produce();
    await enqueueWhenUp(producer, []);
    const register = await openRegister(queue.location);
    for (const turn of turns) {
      await producer.enqueue([turn]);
      expect((await register.readPayload(idOf(turn)))?.toString()).toBe(turn.body.toString());
    }
    const another = await openRegister(queue.location);
    for (const turn of turns.toReversed())
      expect((await another.readPayload(idOf(turn)))?.toString()).toBe(turn.body.toString());
    expect(await countLists()).toMatchObject({ lists: 1, parts: 4 });
    // What is accounted for is what lies there.
    const { bytes } = await readBook(register, orgId);
    const [row] = await sql`SELECT (SELECT sum(octet_length(body)) FROM turnpike_queue.payloads)
                                   + (SELECT sum(octet_length(body)) FROM turnpike_queue.list_parts) AS bytes`;
    expect(bytes).toBe(Number(row?.["bytes"]));
    expect(bytes).toBeLessThan(turns.at(-1)?.body.length ?? 0);
    expect(await takeAll()).toEqual(asSent(turns));
    expect(await readBook(register, orgId)).toMatchObject({ jobs: 0, bytes: 0 });
  });

  it("are read as they were sent whatever their conversations do, many at once", async () => {
    const producer = queue.produce();
    await enqueueWhenUp(producer, []);
    const step = fc.record({
      session: fc.constantFrom("s-1", "s-2"),
      keep: fc.nat({ max: 14 }),
      more: fc.array(fc.constantFrom("one", "two", "🕷️"), { maxLength: 8 }),
      isAwaited: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
        const talks = new Map<string, object[]>();
        const turns: ReturnType<typeof turnOf>[] = [];
        const answers: Promise<void>[] = [];
        for (const { session, keep, more, isAwaited } of steps) {
          const before = (talks.get(session) ?? []).slice(0, keep);
          const talk = [...before, ...more.map((of, at) => talkOf(1, `${of} ${at}`)[0] as object)];
          if (talk.length === 0) continue;
          talks.set(session, talk);
          const turn = turnOf(talk, session);
          turns.push(turn);
          const answer = producer.enqueue([turn]);
          answers.push(answer);
          if (isAwaited) await answer;
        }
        await Promise.all(answers);
        expect(await takeAll()).toEqual(asSent(turns));
      }),
      { numRuns: 12 },
    );
  });

  it("cannot lose it: what a turn in the queue needs stays, also when nobody has added to it for long", async () => {
    const producer = queue.produce();
    const turns = [turnOf(talkOf(8)), turnOf(talkOf(10))];
    for (const turn of turns) await enqueueWhenUp(producer, [turn]);
    await expect(sql`DELETE FROM turnpike_queue.lists`).rejects.toMatchObject({ code: "23503" });
    await sql`UPDATE turnpike_queue.lists SET begun_at = now() - ${TOO_OLD}::interval`;
    await sql`UPDATE turnpike_queue.list_parts SET added_at = now() - ${TOO_OLD}::interval`;
    const register = await openRegister(queue.location);
    await register.sweep();
    expect(await countLists()).toMatchObject({ lists: 1, parts: 2 });
    expect(await takeAll()).toEqual(asSent(turns));
    // Nor does one stay of which somebody took every part away.
    await sql`INSERT INTO turnpike_queue.lists (id, begun_at) VALUES (${randomUUID()}, now() - ${TOO_OLD}::interval)`;
    await register.sweep();
    expect(await countLists()).toMatchObject({ lists: 0, parts: 0 });
  });

  it("leave it to those to come for a while", async () => {
    const producer = queue.produce();
    await enqueueWhenUp(producer, [turnOf(talkOf(8))]);
    await takeAll();
    await (await openRegister(queue.location)).sweep();
    expect(await countLists()).toMatchObject({ lists: 1, parts: 1 });
    const next = turnOf(talkOf(10));
    await producer.enqueue([next]);
    expect((await countLists())?.["payloadBytes"]).toBeLessThan(400);
    expect(await takeAll()).toEqual(asSent([next]));
  });

  it.each([
    ["all of it", "DELETE FROM turnpike_queue.lists"],
    ["its newest part, as in a fail-over", "DELETE FROM turnpike_queue.list_parts WHERE part = 1"],
  ])(
    "are refused rather than taken without it when %s is gone, and taken when sent again",
    async (_what, loss) => {
      const producer = queue.produce();
      await enqueueWhenUp(producer, [turnOf(talkOf(8))]);
      await producer.enqueue([turnOf(talkOf(10))]);
      await takeAll();
      await sql.unsafe(loss);
      for (const messages of [talkOf(12), talkOf(14)]) {
        const turn = turnOf(messages);
        const error = await producer.enqueue([turn]).catch((reason: unknown) => reason);
        expect(messages.length > 12 || isAppError(error, "queue_unavailable")).toBe(true);
        expect(await takeAll()).toEqual(asSent(messages.length > 12 ? [turn] : []));
      }
    },
  );

  it("are whole as dead letters, and when they are put back after it is gone", async () => {
    const producer = queue.produce();
    const turns = [turnOf(talkOf(8)), turnOf(talkOf(10))];
    for (const turn of turns) await enqueueWhenUp(producer, [turn]);
    const consumer = queue.consume(async () => {
      throw new AppError("invalid_envelope", "what is wrong");
    });
    await waitUntil(() => queue.letters().length === 2, { what: "both are buried" });
    await consumer.drain(5_000);
    expect(queue.letters().map(({ isWhole }) => isWhole)).toEqual([true, true]);
    await sql`DELETE FROM turnpike_queue.lists`;
    for (const { receipt, job } of queue.letters()) await producer.replay(orgId, receipt, job);
    expect(await takeAll()).toEqual(asSent(turns));
  });

  it("are whole when they leave their parcel", async () => {
    const producer = queue.produce();
    await enqueueWhenUp(producer, [turnOf(talkOf(8))]);
    const turns = [turnOf(talkOf(9)), turnOf(talkOf(10)), turnOf(talkOf(11))];
    await producer.enqueue(turns);
    const seen: string[] = [];
    queue.consume(async ({ body }, { attempt }) => {
      if (attempt === 1) throw new AppError("store_contention", "deadlock");
      seen.push(textOfBody(body));
    });
    await waitUntil(async () => (await countUnfinished(queue)) === 0, { what: "the queue is empty" });
    expect(new Set(seen)).toEqual(new Set([turnOf(talkOf(8)), ...turns].map(({ body }) => body.toString())));
  });

  it("are never taken for what they are not: when somebody has changed it, they are dead letters", async () => {
    const producer = queue.produce();
    for (const count of [8, 10]) await enqueueWhenUp(producer, [turnOf(talkOf(count))]);
    await sql`UPDATE turnpike_queue.list_parts SET body = overlay(body PLACING ${Buffer.from("x")} FROM 100) WHERE part = 0`;
    expect((await takeAll()).size).toBe(0);
    expect(queue.letters()).toMatchObject([{ code: "unreadable_job" }, { code: "unreadable_job" }]);
  });

  it("say so when somebody has taken a part of it away: the others are handled", async () => {
    const producer = queue.produce();
    const [first, second, other] = [turnOf(talkOf(8)), turnOf(talkOf(10)), turnOf(talkOf(8, "b"), "s-2")];
    for (const turn of [first, second, other]) await enqueueWhenUp(producer, [turn]);
    await sql`ALTER TABLE turnpike_queue.payloads DROP CONSTRAINT payloads_list_fkey`;
    await sql`DELETE FROM turnpike_queue.list_parts WHERE part = 1`;
    expect(await takeAll()).toEqual(asSent([first, other]));
    expect(queue.letters()).toMatchObject([
      { receipt: second.receipt, code: "unreadable_job", isWhole: false },
    ]);
  });
});
