/**
 * Lets turns that arrive together share a transaction, in lanes. One bad turn takes no other with it: a batch that fails is tried
 * again turn by turn.
 */
import { isAppError } from "@turnpike/domain/errors";
import type { SessionStore, TurnResult } from "@turnpike/domain/ports";
import type { PreparedSessionTurn } from "@turnpike/domain/prepared-turn";
import { type LanesOptions, openLanes } from "@turnpike/queue/lanes";

/** Stores a turn, with the result or the error that it would have had alone. */
type TurnBatcher = (turn: PreparedSessionTurn) => Promise<TurnResult>;

/** How to batch. */
export interface BatchOptions extends Pick<LanesOptions, "lanes" | "patienceMs" | "restMs"> {
  /** Turns in one transaction. */
  readonly maxTurns: number;
  /** Turns that can be here at a time. */
  readonly mostTurns: number;
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
