/**
 * Lets turns that arrive together share a transaction, in lanes. One bad turn takes no other with it: a batch that fails is tried
 * again turn by turn.
 */
import { AppError, isAppError } from "@turnpike/domain/errors";
import type { SessionStore, TurnResult } from "@turnpike/domain/ports/ports";
import type { PreparedSessionTurn } from "@turnpike/domain/prepare/prepared-turn";
import { type LanesOptions, openLanes } from "@turnpike/async/batcher";

/** Stores a turn, with the result or the error that it would have had alone. */
type TurnBatcher = (turn: PreparedSessionTurn) => Promise<TurnResult>;

/** How to batch. */
export interface BatchOptions extends Pick<LanesOptions, "lanes" | "patienceMs" | "restMs"> {
  /** Turns in one transaction. */
  readonly maxTurns: number;
  /** Turns that can be here at a time. */
  readonly mostTurns: number;
}

const MAX_FAILURES_IN_A_ROW = 3;

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
  { maxTurns, mostTurns, ...lanes }: BatchOptions,
): TurnBatcher {
  const waiting: WaitingTurn[] = [];
  let storing = 0;
  const wakeLanes = openLanes({
    ...lanes,
    hasWork: () => waiting.length > 0,
    // More cannot come before some of those that are here are stored.
    isFull: () => waiting.length >= Math.min(maxTurns, mostTurns - storing),
    async workOff() {
      const batch = waiting.splice(0, maxTurns);
      storing += batch.length;
      await storeBatch(store, batch);
      storing -= batch.length;
    },
  });
  return (turn) =>
    new Promise((settle) => {
      waiting.push({ turn, settle });
      wakeLanes();
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
    if (batch.length === 1 || isAway(error)) for (const { settle } of batch) settle(Promise.reject(error));
    else await storeOneByOne(store, batch);
  }
}

/** A database that fails over several in a row fails over all of them, and each may take it a minute: the others are not tried. */
async function storeOneByOne(
  store: Pick<SessionStore, "ingestTurns">,
  batch: readonly WaitingTurn[],
): Promise<void> {
  let failuresInARow = 0;
  for (const [index, { turn, settle }] of batch.entries()) {
    try {
      const [result] = await store.ingestTurns([turn]);
      settle(Promise.resolve(result as TurnResult));
      failuresInARow = 0;
    } catch (error) {
      settle(Promise.reject(error));
      if (isAppError(error, "store_failed")) failuresInARow += 1;
      if (!isAway(error) && failuresInARow < MAX_FAILURES_IN_A_ROW) continue;
      rejectUntried(batch.slice(index + 1), error);
      return;
    }
  }
}

/** Nothing is held against turns that were not tried. */
function rejectUntried(turns: readonly WaitingTurn[], error: unknown): void {
  const reason = isAppError(error, "store_failed")
    ? new AppError("store_unavailable", error.message, { cause: error.cause })
    : error;
  for (const { settle } of turns) settle(Promise.reject(reason));
}

/** Nothing is gained by asking a store that is away once for every turn. */
function isAway(error: unknown): boolean {
  return isAppError(error, "store_unavailable");
}
