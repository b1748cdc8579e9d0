import { AppError, type ErrorCode } from "@turnpike/domain/errors";
import { readDeadJob } from "@turnpike/queue/job/dead-job";
import { MAX_ATTEMPTS, MAX_COUNTED_ATTEMPTS } from "@turnpike/queue/job/retry-policy";
import { describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { waitUntil } from "../support/wait-until.ts";
import { acceptedTurn, countUnfinished, enqueueWhenUp, idOf, useQueue } from "./queue-fixture.ts";

// Of the jobs that `putRaw` puts in, as versions did that left it to BullMQ how often a job is tried.
const OLD_LIMIT = 30;

describe.each(queueBackends())("a turn that fails on $name", (backend) => {
  const queue = useQueue(backend);

  const oneAtATime = { concurrency: 1 };
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
  const letterOf = (turn: { readonly receipt: string }) =>
    waitUntil(
      async () =>
        (await countUnfinished(queue)) === 0 &&
        queue.letters().find((letter) => letter.receipt === turn.receipt),
      { what: "the job is in the dead letters and has left the queue" },
    );

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
    "for good, with %s, goes to the dead letters at once, with the reason",
    async (code) => {
      const turn = await putIn();
      const attempts = failWith(() => new AppError(code, "what is wrong"));
      const letter = await letterOf(turn);
      expect(attempts).toEqual([1]);
      expect(letter).toMatchObject({
        orgId: turn.orgId,
        jobName: "ingest-turn",
        code,
        reason: "what is wrong",
        attempts: 1,
        acceptedAt: turn.acceptedAt,
        requestId: turn.requestId,
        firstFailedAt: letter.lastFailedAt,
      });
      expect((await readDeadJob(letter.job)).body).toBe(turn.body);
      expect(await queue.countJobs()).toMatchObject({ failed: 0 });
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
    expect(await queue.findReceipts().findReceipt(turn.orgId, turn.receipt)).toMatchObject({
      state: "queued",
    });
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
    expect(await letterOf(turn)).toMatchObject({ reason: "\ufffd and \ufffd" });
  });

  it("because its payload is of an unknown version is dead as unreadable, with all that it carried", async () => {
    const { orgId, receipt } = acceptedTurn();
    await queue.putRaw(idOf({ ...acceptedTurn(), orgId, receipt }), { v: 99, receipt, orgId });
    const attempts = failWith(() => new Error("never called"));
    const letter = await letterOf({ receipt });
    expect(attempts).toEqual([]);
    expect(letter).toMatchObject({
      orgId,
      code: "unreadable_job",
      reason: "unreadable job payload: v",
      attempts: 1,
      acceptedAt: undefined,
    });
    expect(await readDeadJob(letter.job)).toMatchObject({ body: undefined, raw: { v: 99, receipt, orgId } });
  });

  it("does not keep its neighbours from being stored, one at a time, and the queue keeps nothing of it", async () => {
    const poison = acceptedTurn('{"poison":true}');
    const others = Array.from({ length: 10 }, () => acceptedTurn('{"good":true}'));
    await enqueueWhenUp(queue.produce(), [...others.slice(0, 5), poison, ...others.slice(5)]);
    const handled: string[] = [];
    queue.consume(async (turn) => {
      if (turn.receipt === poison.receipt) throw new AppError("invalid_envelope", "invalid envelope: x");
      handled.push(turn.receipt);
    }, oneAtATime);
    await letterOf(poison);
    await waitUntil(() => handled.length === others.length, { what: "the others are handled" });
    await waitUntil(async () => !/poison|good/.test(await queue.dump()), { what: "nothing of them is left" });
  });

  it("and may pass by itself waits for its next attempt, and the others go on in the only lane", async () => {
    const poison = acceptedTurn('{"poison":true}');
    const others = Array.from({ length: 5 }, () => acceptedTurn());
    await enqueueWhenUp(queue.produce(), [poison, ...others]);
    const handled: string[] = [];
    queue.consume(async (turn, { attempt }) => {
      if (turn.receipt === poison.receipt && attempt < 3) throw new AppError("store_contention", "again");
      handled.push(turn.receipt);
    }, oneAtATime);
    await waitUntil(() => handled.length === 6, { what: "all are handled" });
    expect(handled.at(-1)).toBe(poison.receipt);
  });

  it("for good is tried again when its letter cannot be written, for as long as that takes", async () => {
    const turn = await putIn();
    let refused = 0;
    queue.consume(
      async () => {
        throw new AppError("store_rejected", "what is wrong");
      },
      {
        onLetter() {
          if (refused < 2) {
            refused += 1;
            throw new AppError("store_unavailable", "database: ECONNREFUSED");
          }
        },
      },
    );
    expect(await letterOf(turn)).toMatchObject({ code: "store_rejected", attempts: 3 });
  });

  it.each<ErrorCode>(["store_rejected", "internal"])(
    "for good waits in the queue when its letter cannot be written, also with %s, and is dead when it can",
    async (code) => {
      const turn = await putIn();
      let mended = false;
      queue.consume(
        async () => {
          throw new AppError("store_rejected", "what is wrong");
        },
        {
          maxRetryDelayMs: 100,
          onLetter() {
            if (!mended)
              throw code === "internal" ? new Error("secret") : new AppError(code, "database: 22P05");
          },
        },
      );
      const receipts = queue.findReceipts();
      // More often than anything is tried that counts.
      await waitUntil(
        async () => {
          const receipt = await receipts.findReceipt(turn.orgId, turn.receipt);
          return receipt?.state === "queued" && receipt.attempts > MAX_COUNTED_ATTEMPTS.retry;
        },
        { what: "it has been tried often", timeoutMs: 40_000 },
      );
      expect(await queue.countJobs()).toMatchObject({ failed: 0 });
      expect(queue.logged().join("\n")).toContain("a dead letter cannot be written");
      mended = true;
      expect(await letterOf(turn)).toMatchObject({ code: "store_rejected", reason: "what is wrong" });
    },
  );

  it("for good stays in the queue, as failed, when its id is none of ours: nobody could find its letter", async () => {
    await queue.putRaw("somebody-elses", { v: 99 });
    queue.consume(async () => {});
    await waitUntil(async () => (await queue.countJobs())["failed"] === 1, { what: "the job is failed" });
    expect(queue.letters()).toEqual([]);
    expect(queue.logged().join("\n")).toContain("a job that is none of ours failed for good");
  });

  it("because of its environment is tried beyond the limit that an older version gave it", async () => {
    const turn = acceptedTurn();
    await queue.putRaw(idOf(turn), { v: 1, encoding: "identity", ...turn });
    let attempts = 0;
    queue.consume(
      async () => {
        attempts += 1;
        if (attempts <= OLD_LIMIT + 2) throw new AppError("store_unavailable", "database: 28P01");
      },
      { maxRetryDelayMs: 100 },
    );
    await waitUntil(async () => (await countUnfinished(queue)) === 0, {
      what: "it is done",
      timeoutMs: 40_000,
    });
    expect(attempts).toBe(OLD_LIMIT + 3);
    expect(await queue.countJobs()).toMatchObject({ failed: 0 });
  });

  it("remembers when it first failed, whoever tries it last", async () => {
    const turn = await putIn();
    const first = queue.consume(async () => {
      throw new AppError("store_unavailable", "database: ECONNREFUSED");
    });
    await waitUntil(() => first.activity().failed > 0, { what: "it has failed once" });
    await first.drain(5_000);
    queue.consume(async () => {
      throw new AppError("store_rejected", "what is wrong");
    });
    const { firstFailedAt, lastFailedAt } = await letterOf(turn);
    expect(Date.parse(firstFailedAt)).toBeLessThan(Date.parse(lastFailedAt));
  });

  it("is given up after as many attempts as the policy says", async () => {
    const turn = await putIn();
    const stored = await queue.dump();
    // The policy's own attempts take minutes; what counts is that the job carries the limit.
    expect(stored.replaceAll("\\", "")).toMatch(new RegExp(`"attempts": ?${MAX_ATTEMPTS}\\b`));
    expect(stored).toContain(turn.receipt);
  });
});
