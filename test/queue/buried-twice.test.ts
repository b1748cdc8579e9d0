import { AppError } from "@turnpike/domain/errors";
import { INGEST_TURN } from "@turnpike/queue/job/payload";
import { readDeadJob } from "@turnpike/queue/job/dead-job";
import { describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { useDeadLetters } from "../support/dead-letter.ts";
import { useStore } from "../support/store-fixture.ts";
import { untilUp, waitUntil } from "../support/wait-until.ts";
import { acceptedTurn, countUnfinished, createGate, enqueueWhenUp, useQueue } from "./queue-fixture.ts";
import { useRegisters } from "./register-fixture.ts";

// Three looks for stalled jobs in it do not come out even: Redis takes whole milliseconds only.
const LOCK_DURATION_MS = 1_000;

const refuse = (): never => {
  throw new AppError("store_rejected", "the database refused it");
};

describe.each(queueBackends())("a job that two workers bury on $name", (backend) => {
  const queue = useQueue(backend);
  const openRegister = useRegisters();
  const letters = useDeadLetters(useStore());

  it("keeps the letter that has its body, though the other one comes later", async () => {
    const [reached, goOn] = [createGate(), createGate()];
    const first = queue.consume(
      async () => {
        reached.open();
        await goOn.opened;
        refuse();
      },
      { location: queue.proxied, lockDurationMs: LOCK_DURATION_MS },
    );
    const turn = acceptedTurn();
    await enqueueWhenUp(queue.produce(), [turn]);
    await reached.opened;
    // Its lock runs out, and the job is another's.
    queue.proxy.hang();
    queue.consume(async () => refuse(), { lockDurationMs: LOCK_DURATION_MS });
    await waitUntil(() => queue.letters().length === 1, { what: "the stand-in has buried it" });
    await waitUntil(async () => (await countUnfinished(queue)) === 0, { what: "the job has left" });
    const register = await openRegister(queue.location);
    await waitUntil(async () => (await register.load()).jobs === 0, { what: "its body is released" });
    await queue.proxy.resume();
    await untilUp(first, "the first one has its queue again");
    goOn.open();
    await waitUntil(() => queue.letters().length === 2, { what: "the first one has buried it, too" });

    expect(queue.letters().map(({ isWhole }) => isWhole)).toEqual([true, false]);
    for (const letter of queue.letters()) await letters().put(letter);
    const kept = await letters().get(turn.orgId, turn.receipt);
    expect(kept).toMatchObject({ state: "dead", code: "store_rejected", jobName: INGEST_TURN });
    expect((await readDeadJob(kept?.job ?? Buffer.of())).body).toBe(turn.body);
  });
});
