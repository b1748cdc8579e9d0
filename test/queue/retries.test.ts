import { AppError, type ErrorCode } from "@turnpike/domain/errors";
import { MAX_ATTEMPTS } from "@turnpike/queue/retry-policy";
import { describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { waitUntil } from "../support/wait-until.ts";
import { acceptedTurn, countUnfinished, enqueueWhenUp, idOf, useQueue } from "./queue-fixture.ts";

describe.each(queueBackends())("a turn that fails on $name", (backend) => {
  const queue = useQueue(backend);

  const putIn = async (body?: string) => {
    const turn = acceptedTurn(body);
    await enqueueWhenUp(queue.produce(), [turn]);
    return turn;
  };
  const failWith = (makeError: () => Error, attempts: number[] = []): number[] => {
    queue.consume(async (_turn, { attempt }) => {
      attempts.push(attempt);
      throw makeError();
    });
    return attempts;
  };
  const isDead = () =>
    waitUntil(async () => (await queue.countJobs())["failed"] === 1, { what: "the job is dead" });

  it("because the store is away twice is tried a third time, and then it is done", async () => {
    await putIn();
    const attempts: number[] = [];
    queue.consume(async (_turn, { attempt }) => {
      attempts.push(attempt);
      if (attempt < 3) throw new AppError("store_unavailable", "database: ECONNREFUSED");
    });
    await waitUntil(async () => attempts.length === 3 && (await countUnfinished(queue)) === 0, {
      what: "the third attempt is over",
    });
    expect(attempts).toEqual([1, 2, 3]);
    expect(await queue.countJobs()).toMatchObject({ failed: 0, completed: 0 });
  });

  it.each<ErrorCode>(["invalid_envelope", "unparsable_request", "broken_chain", "store_rejected"])(
    "for good, with %s, is dead at once, and its receipt says why",
    async (code) => {
      const turn = await putIn();
      const attempts = failWith(() => new AppError(code, "what is wrong"));
      await isDead();
      expect(attempts).toEqual([1]);
      expect(await queue.findReceipts().findReceipt(turn.orgId, turn.receipt)).toEqual({
        state: "dead",
        reason: `${code}: what is wrong`,
        attempts: 1,
      });
    },
  );

  it("with an error that nobody foresaw is tried again, and the error's text is stored nowhere", async () => {
    const turn = await putIn();
    const attempts = failWith(() =>
      Object.assign(new TypeError("the secret in the turn"), { cause: new Error("and another secret") }),
    );
    await waitUntil(() => attempts.length >= 3, { what: "it is tried three times" });
    const stored = await queue.dump();
    expect(stored).toContain("internal: unexpected error");
    expect(stored).not.toContain("secret");
    // The log says where it was thrown, and nothing of what it said.
    expect(queue.logged().join("\n")).toMatch(/TypeError at .*retries\.test\.ts/);
    expect(queue.logged().join("\n")).not.toContain("secret");
    expect(await queue.findReceipts().findReceipt(turn.orgId, turn.receipt)).toEqual({ state: "queued" });
  });

  it("with words that Postgres cannot store is tried again all the same", async () => {
    await putIn();
    const attempts: number[] = [];
    queue.consume(async (_turn, { attempt }) => {
      attempts.push(attempt);
      if (attempt < 3) throw new AppError("store_contention", "\u0000 and \ud83d and \udc00");
    });
    await waitUntil(async () => attempts.length === 3 && (await countUnfinished(queue)) === 0, {
      what: "the third attempt is over",
    });
  });

  it("for good with such words is dead, and says them as far as it can", async () => {
    const turn = await putIn();
    failWith(() => new AppError("store_rejected", "\u0000 and \ud83d"));
    await isDead();
    expect(await queue.findReceipts().findReceipt(turn.orgId, turn.receipt)).toMatchObject({
      reason: "store_rejected: \ufffd and \ufffd",
    });
  });

  it("because its payload is of an unknown version is dead as unreadable", async () => {
    const { orgId, receipt } = acceptedTurn();
    await queue.putRaw(idOf({ ...acceptedTurn(), orgId, receipt }), { v: 99, receipt, orgId });
    const attempts = failWith(() => new Error("never called"));
    await isDead();
    expect(attempts).toEqual([]);
    expect(await queue.findReceipts().findReceipt(orgId, receipt)).toEqual({
      state: "dead",
      reason: "unreadable_job: unreadable job payload: v",
      attempts: 1,
    });
  });

  it("keeps its body in the dead letters, and does not keep its neighbours from being stored", async () => {
    const poison = acceptedTurn('{"poison":true}');
    const others = Array.from({ length: 10 }, () => acceptedTurn('{"good":true}'));
    await enqueueWhenUp(queue.produce(), [...others.slice(0, 5), poison, ...others.slice(5)]);
    const handled: string[] = [];
    queue.consume(async (turn) => {
      if (turn.receipt === poison.receipt) throw new AppError("invalid_envelope", "invalid envelope: x");
      handled.push(turn.receipt);
    });
    await isDead();
    await waitUntil(() => handled.length === others.length, { what: "the others are handled" });
    const stored = await queue.dump();
    expect(stored).toContain("poison");
    expect(stored).not.toContain("good");
  });

  it("is given up after as many attempts as the policy says", async () => {
    const turn = await putIn();
    const stored = await queue.dump();
    // The policy's own attempts take minutes; what counts is that the job carries the limit.
    expect(stored.replaceAll("\\", "")).toMatch(new RegExp(`"attempts": ?${MAX_ATTEMPTS}\\b`));
    expect(stored).toContain(turn.receipt);
  });
});
