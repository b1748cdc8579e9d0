/**
 * Lets turns that arrive together share a transaction. Whenever one of a few lanes is free it takes what has come in
 * meanwhile, so that a lone turn waits for nobody, and batches grow with the load. One bad turn takes no other with it: a
 * batch that fails is tried again turn by turn.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { isAppError } from "@turnpike/domain/errors";
import type { SessionStore, TurnResult } from "@turnpike/domain/ports";
import type { PreparedSessionTurn } from "@turnpike/domain/prepared-turn";

/** Stores a turn, with the result or the error that it would have had alone. */
type TurnBatcher = (turn: PreparedSessionTurn) => Promise<TurnResult>;

/** How to batch. */
export interface BatchOptions {
  /** Transactions at a time. */
  readonly lanes: number;
  /** Turns in one transaction. */
  readonly maxTurns: number;
  /** A lane that is busy begins a transaction no sooner than this after the one before, so that turns can gather. */
  readonly restMs: number;
}

interface WaitingTurn {
  readonly turn: PreparedSessionTurn;
  readonly settle: (result: Promise<TurnResult>) => void;
}

/** Make a store of whose turns those that come together share a transaction; each ends as it would have alone. */
export function batchTurns(store: SessionStore, options: BatchOptions): SessionStore {
  const ingest = createTurnBatcher(store, options);
  return { ...store, ingestTurns: (turns) => Promise.all(turns.map(ingest)) };
}

function createTurnBatcher(
  store: Pick<SessionStore, "ingestTurns">,
  { lanes, maxTurns, restMs }: BatchOptions,
): TurnBatcher {
  const waiting: WaitingTurn[] = [];
  let busyLanes = 0;

  async function runLane(): Promise<void> {
    busyLanes++;
    while (waiting.length > 0) {
      const rested = sleep(restMs);
      await storeBatch(store, waiting.splice(0, maxTurns));
      await rested;
    }
    busyLanes--;
  }

  return (turn) =>
    new Promise((settle) => {
      waiting.push({ turn, settle });
      // Not at once: turns that become ready in the same tick go together.
      if (busyLanes < lanes && waiting.length === 1) queueMicrotask(() => void runLane());
    });
}

async function storeBatch(
  store: Pick<SessionStore, "ingestTurns">,
  batch: readonly WaitingTurn[],
): Promise<void> {
  try {
    const results = await store.ingestTurns(batch.map(({ turn }) => turn));
    batch.forEach(({ settle }, index) => settle(Promise.resolve(results[index] as TurnResult)));
  } catch (error) {
    if (batch.length === 1 || isAway(error)) {
      for (const { settle } of batch) settle(Promise.reject(error));
      return;
    }
    for (const one of batch) await storeBatch(store, [one]);
  }
}

/** Nothing is gained by asking a store that is away once for every turn. */
function isAway(error: unknown): boolean {
  return isAppError(error) && error.code === "store_unavailable";
}
