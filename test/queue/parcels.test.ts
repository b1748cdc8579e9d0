/** Turns of one org that come together travel in one job, and it cannot be told from outside. */
import { randomUUID } from "node:crypto";
import { AppError } from "@turnpike/domain/errors";
import { describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { useProcesses } from "../support/spawn.ts";
import { waitUntil } from "../support/wait-until.ts";
import { acceptedTurn, countUnfinished, createGate, enqueueWhenUp, idOf, useQueue } from "./queue-fixture.ts";
import { readBook, useRegisters } from "./register-fixture.ts";
import type { RunConsumerOptions } from "./run-consumer.ts";

const TURNS = 8;
const NOTHING_LEFT = { inFlight: 0, jobs: 0, bytes: 0 };

const processes = useProcesses();

describe.each(queueBackends())("turns that travel together on $name", (backend) => {
  const queue = useQueue(backend);
  const openRegister = useRegisters();
  const orgId = randomUUID();

  const putIn = async (bodies: readonly string[] = Array<string>(TURNS).fill("{}")) => {
    const turns = bodies.map((body) => acceptedTurn(body, orgId));
    await enqueueWhenUp(queue.produce(), turns);
    expect(await countUnfinished(queue)).toBe(1);
    return turns;
  };
  const untilEmpty = () =>
    waitUntil(async () => (await countUnfinished(queue)) === 0, { what: "the queue is empty" });
  const bookOf = async () => readBook(await openRegister(queue.location), orgId);

  it("are counted, handled once each, and leave nothing behind", async () => {
    const turns = await putIn();
    expect(await bookOf()).toEqual({ accepted: TURNS, inFlight: TURNS, jobs: TURNS, bytes: TURNS * 2 });
    expect(new Set((await (await openRegister(queue.location)).snapshot()).jobIds)).toEqual(
      new Set(turns.map(idOf)),
    );
    const register = await openRegister(queue.location);
    expect(await register.release(turns.map(idOf))).toBe(0);
    expect(await register.sweep()).toMatchObject({ released: 0, orphanPayloads: 0, adopted: 0 });
    expect(await bookOf()).toMatchObject({ inFlight: TURNS, jobs: TURNS });
    const taken: [id: string, attempt: number][] = [];
    queue.consume(async (_turn, { jobId, attempt }) => void taken.push([jobId, attempt]));
    await untilEmpty();
    expect(taken).toEqual(turns.map((turn) => [idOf(turn), 1]));
    await waitUntil(async () => (await bookOf()).jobs === 0, { what: "the register is empty" });
    expect(await bookOf()).toEqual({ accepted: TURNS, ...NOTHING_LEFT });
    for (const turn of turns) expect(await register.readPayload(idOf(turn))).toBeUndefined();
    expect(await register.sweep()).toMatchObject({ checked: 0, released: 0, orphanPayloads: 0, adopted: 0 });
  });

  it("have receipts of their own: queued, tried again, and known no more", async () => {
    const turns = await putIn(["{}", '{"fails":true}', "{}"]);
    const inspector = queue.findReceipts();
    const find = (at: number) => inspector.findReceipt(orgId, turns[at]?.receipt ?? "");
    for (const at of [0, 1, 2]) expect(await find(at)).toEqual({ state: "queued", attempts: 0 });
    expect(await inspector.findReceipt(randomUUID(), turns[0]?.receipt ?? "")).toBeUndefined();
    queue.consume(async ({ body }) => {
      if (body.includes("fails")) throw new AppError("store_unavailable", "database: ECONNREFUSED");
    });
    await waitUntil(async () => (await find(0)) === undefined && ((await find(1))?.attempts ?? 0) >= 2, {
      what: "one is done, another was tried twice by itself",
    });
    expect(await find(1)).toMatchObject({ state: "queued" });
  });

  it("are parted when one of them fails: it is tried again alone, the others are not", async () => {
    const turns = await putIn(["{}", '{"fails":true}', "{}"]);
    const runs = new Map<string, number>();
    queue.consume(async ({ body }, { jobId }) => {
      runs.set(jobId, (runs.get(jobId) ?? 0) + 1);
      if (body.includes("fails") && runs.get(jobId) !== 3) throw new AppError("store_contention", "deadlock");
    });
    await untilEmpty();
    expect(turns.map((turn) => runs.get(idOf(turn)))).toEqual([1, 3, 1]);
    await waitUntil(async () => (await bookOf()).jobs === 0, { what: "the register is empty" });
    expect(await bookOf()).toEqual({ accepted: 3, ...NOTHING_LEFT });
  });

  it.each([
    ["one of them", 2, (turns: readonly unknown[]) => ({ v: 1, turns: [...turns.slice(0, 2), "spoilt"] })],
    ["all", 0, () => "spoilt"],
  ])(
    "are parted when %s cannot be read of what carries them: that is dead, the rest stored",
    async (_of, whole, spoil) => {
      const turns = await putIn(["{}", "{}", "{}"]);
      await queue.changeRaw((data) => spoil((data as { turns: unknown[] }).turns));
      const stored: string[] = [];
      queue.consume(async (_turn, { jobId }) => void stored.push(jobId));
      await untilEmpty();
      expect(new Set(stored)).toEqual(new Set(turns.slice(0, whole).map(idOf)));
      const letters = queue.letters().map(({ receipt, code }) => `${code} ${receipt}`);
      const dead = turns.slice(whole).map(({ receipt }) => `unreadable_job ${receipt}`);
      expect([letters.length, new Set(letters)]).toEqual([dead.length, new Set(dead)]);
      expect(await queue.countJobs()).toMatchObject({ failed: 0 });
    },
  );

  it("are parted when one of them is bad for good: it is buried alone, and can be put back", async () => {
    const turns = await putIn(["{}", '{"bad":true}', "{}"]);
    const handled: string[] = [];
    const consumer = queue.consume(async ({ body }, { jobId }) => {
      if (body.includes("bad")) throw new AppError("invalid_envelope", "what is wrong");
      handled.push(jobId);
    });
    await untilEmpty();
    await consumer.drain(5_000);
    expect(handled).toEqual([turns[0], turns[2]].map((turn) => turn && idOf(turn)));
    const [letter, ...more] = queue.letters();
    expect(more).toEqual([]);
    expect(letter).toMatchObject({ orgId, receipt: turns[1]?.receipt, code: "invalid_envelope" });
    await queue.produce().replay(orgId, letter?.receipt ?? "", letter?.job ?? Buffer.alloc(0));
    const again: string[] = [];
    queue.consume(async ({ body }, { jobId }) => void again.push(`${jobId} ${body.toString()}`));
    await untilEmpty();
    expect(again).toEqual([`${turns[1] && idOf(turns[1])} {"bad":true}`]);
    await waitUntil(async () => (await bookOf()).jobs === 0, { what: "the register is empty" });
    expect(await bookOf()).toEqual({ accepted: 3, ...NOTHING_LEFT });
  });

  it("are all done in the end when the queue is lost just as one is to leave", async () => {
    const turns = await putIn(["{}", '{"fails":true}', "{}"]);
    const runs = new Map<string, number>();
    queue.consume(
      async ({ body }, { jobId }) => {
        const run = (runs.get(jobId) ?? 0) + 1;
        runs.set(jobId, run);
        if (!body.includes("fails") || run > 1) return;
        await queue.proxy.stop();
        setTimeout(() => void queue.proxy.resume(), 300);
        throw new AppError("store_contention", "deadlock");
      },
      { location: queue.proxied, lockDurationMs: 2_000 },
    );
    await untilEmpty();
    expect([...runs.keys()].toSorted()).toEqual(turns.map(idOf).toSorted());
    await waitUntil(async () => (await bookOf()).jobs === 0, { what: "the register is empty" });
    expect(await bookOf()).toEqual({ accepted: 3, ...NOTHING_LEFT });
  });

  it("are given back together when a drain comes first", async () => {
    await putIn();
    const gate = createGate();
    let begun = 0;
    const consumer = queue.consume(async () => {
      begun += 1;
      await gate.opened;
    });
    await waitUntil(() => begun === TURNS, { what: "all of them are begun" });
    expect(await consumer.drain(1_000)).toBe(true);
    expect(await queue.countJobs()).toMatchObject({ active: 0, waiting: 1 });
    gate.open();
    const taken = new Set<string>();
    queue.consume(async (_turn, { jobId }) => void taken.add(jobId));
    await untilEmpty();
    expect(taken.size).toBe(TURNS);
  });

  it("are told apart when one of them kills its worker: the others are handled, it is buried", async () => {
    const bodies = ["{}", "{}", '{"die":true}', "{}"];
    const turns = await putIn(bodies);
    const options: RunConsumerOptions = { location: queue.location, concurrency: 16, lockDurationMs: 1_500 };
    let said = "";
    for (let deaths = 0; deaths < 12 && !said.includes("letter "); deaths += 1) {
      const worker = processes.start(new URL("run-consumer.ts", import.meta.url), {
        args: [JSON.stringify(options)],
      });
      const letter = worker.waitForLine(/^letter /).catch(() => undefined);
      await Promise.race([worker.ended, letter.then(untilEmpty)]);
      said += worker.output();
      await worker.kill("SIGKILL");
    }
    expect(said.match(/^letter .*$/gm)).toHaveLength(1);
    expect(said).toMatch(new RegExp(`^letter .*${turns[2]?.receipt}`, "m"));
    for (const at of [0, 1, 3]) expect(said).toContain(`handled ${turns[at] && idOf(turns[at])}`);
  }, 120_000);
});
