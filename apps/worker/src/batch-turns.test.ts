import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@turnpike/domain/errors";
import type { SessionStore, TurnResult } from "@turnpike/domain/ports/ports";
import type { PreparedSessionTurn } from "@turnpike/domain/prepare/prepared-turn";
import { describe, expect, it } from "vitest";
import { type BatchOptions, batchTurns } from "./batch-turns.ts";

const turnOf = (receipt: string) => ({ receipt }) as PreparedSessionTurn;
const resultOf = ({ receipt }: PreparedSessionTurn): TurnResult => ({
  outcome: "duplicate",
  sessionId: "session",
  turnId: receipt,
});

/** A store that notes each batch, holds it until it is let go, and fails those that a turn spoils. */
function useGatedStore(spoils: (receipt: string) => AppError | undefined = () => undefined) {
  const batches: string[][] = [];
  const gates: (() => void)[] = [];
  return {
    batches,
    /** Let go of the oldest batch that is held. */
    open: () => gates.shift()?.(),
    async ingestTurns(turns: readonly PreparedSessionTurn[]): Promise<TurnResult[]> {
      batches.push(turns.map(({ receipt }) => receipt));
      await new Promise<void>((resolve) => gates.push(resolve));
      const error = turns.map(({ receipt }) => spoils(receipt)).find((each) => each !== undefined);
      if (error !== undefined) throw error;
      return turns.map(resultOf);
    },
  };
}

/** One turn at a time through a store that batches them. */
function useBatches(store: Pick<SessionStore, "ingestTurns">, options: BatchOptions) {
  const batched = batchTurns(store as SessionStore, options);
  return async (turn: PreparedSessionTurn) => (await batched.ingestTurns([turn]))[0] as TurnResult;
}

async function openUntilDone(store: { open: () => void }, done: Promise<unknown>): Promise<void> {
  let isDone = false;
  done.then(
    () => (isDone = true),
    () => (isDone = true),
  );
  while (!isDone) {
    store.open();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("batchTurns", () => {
  it("sends a lone turn at once, and what comes in meanwhile together, in as many lanes as it may", async () => {
    const store = useGatedStore();
    const ingest = useBatches(store, { lanes: 2, maxTurns: 3, restMs: 0, mostTurns: 50, patienceMs: 0 });
    const results = [ingest(turnOf("a"))];
    await new Promise((resolve) => setImmediate(resolve));
    results.push(ingest(turnOf("b")), ingest(turnOf("c")));
    // As long as a turn has patience with a busy lane, and then some.
    await sleep(20);
    for (const receipt of ["d", "e", "f", "g"]) results.push(ingest(turnOf(receipt)));
    await new Promise((resolve) => setImmediate(resolve));
    expect(store.batches).toEqual([["a"], ["b", "c"]]);

    await openUntilDone(store, Promise.all(results));
    expect(store.batches).toEqual([["a"], ["b", "c"], ["d", "e", "f"], ["g"]]);
    const turnIds = (await Promise.all(results)).map(({ turnId }) => turnId);
    expect(turnIds).toEqual(["a", "b", "c", "d", "e", "f", "g"]);
  });

  it("tries a batch that fails turn by turn, so that a bad turn takes no other with it", async () => {
    const store = useGatedStore((receipt) =>
      receipt === "bad" ? new AppError("store_rejected", "database: rejected") : undefined,
    );
    const ingest = useBatches(store, { lanes: 1, maxTurns: 10, restMs: 0, mostTurns: 50, patienceMs: 0 });
    const settled = Promise.allSettled(["a", "bad", "c"].map((receipt) => ingest(turnOf(receipt))));

    await openUntilDone(store, settled);
    expect(store.batches).toEqual([["a", "bad", "c"], ["a"], ["bad"], ["c"]]);
    expect((await settled).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  it("does not ask a store that is away once for every turn", async () => {
    const store = useGatedStore(() => new AppError("store_unavailable", "database: connection lost"));
    const ingest = useBatches(store, { lanes: 1, maxTurns: 10, restMs: 0, mostTurns: 50, patienceMs: 0 });
    const settled = Promise.allSettled(["a", "b"].map((receipt) => ingest(turnOf(receipt))));

    await openUntilDone(store, settled);
    expect(store.batches).toEqual([["a", "b"]]);
    expect((await settled).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });

  it("tries no more of a batch when several in a row fail over nobody knows what, and holds nothing against the rest", async () => {
    const bad = new Set(["b", "d", "e", "f", "g", "h"]);
    const store = useGatedStore((receipt) =>
      bad.has(receipt) ? new AppError("store_failed", "database: 57014") : undefined,
    );
    const ingest = useBatches(store, { lanes: 1, maxTurns: 10, restMs: 0, mostTurns: 50, patienceMs: 0 });
    const settled = Promise.allSettled("abcdefgh".split("").map((receipt) => ingest(turnOf(receipt))));

    await openUntilDone(store, settled);
    expect(store.batches.map((batch) => batch.join(""))).toEqual(["abcdefgh", "a", "b", "c", "d", "e", "f"]);
    const ends = (await settled).map((end) =>
      end.status === "fulfilled" ? "stored" : (end.reason as AppError).code,
    );
    const failed = Array.from({ length: 3 }, () => "store_failed");
    expect(ends).toEqual([
      "stored",
      "store_failed",
      "stored",
      ...failed,
      "store_unavailable",
      "store_unavailable",
    ]);
  });

  it("takes turns again after it had nothing to do, and after a failure", async () => {
    const store = useGatedStore((receipt) =>
      receipt === "bad" ? new AppError("store_unavailable", "database: connection lost") : undefined,
    );
    const ingest = useBatches(store, { lanes: 1, maxTurns: 10, restMs: 0, mostTurns: 50, patienceMs: 0 });
    for (const receipt of ["a", "bad", "b"]) {
      const settled = Promise.allSettled([ingest(turnOf(receipt))]);
      await openUntilDone(store, settled);
    }
    expect(store.batches).toEqual([["a"], ["bad"], ["b"]]);
  });
});
