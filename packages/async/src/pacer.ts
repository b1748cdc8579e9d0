/**
 * Spreads what begins at once over turns of the event loop. One turn takes in up to 49,152 events (48 × 1,024, libuv's
 * `uv__io_poll`) before any timer runs: thousands of requests would be worked on for seconds, one after the other, while
 * everything that waits for a timer or for a group to be full stands still.
 */

/** How much begins when. */
export interface PacerOptions {
  /** Works that begin in one turn of the event loop. */
  readonly startsPerTurn: number;
  /** What those that wait may hold, in bytes; beyond that the first of them begins at once. */
  readonly maxWaitingBytes: number;
}

/** Has works begin in the order in which they came. */
export interface Pacer {
  /**
   * Begin a work now, or in a turn to come.
   * @param bytes what it holds while it waits.
   */
  start(begin: () => void, bytes: number): void;
}

interface Waiting {
  readonly begin: () => void;
  readonly bytes: number;
}

/** Make a pacer. */
export function createPacer({ startsPerTurn, maxWaitingBytes }: PacerOptions): Pacer {
  const waiting = new Set<Waiting>();
  let waitingBytes = 0;
  let startsLeft = startsPerTurn;
  let isTurnAwaited = false;

  const startNext = (): void => {
    for (const next of waiting) {
      if (startsLeft <= 0 && waitingBytes <= maxWaitingBytes) return;
      waiting.delete(next);
      waitingBytes -= next.bytes;
      startsLeft -= 1;
      next.begin();
    }
  };
  const awaitTurn = (): void => {
    if (isTurnAwaited) return;
    isTurnAwaited = true;
    setImmediate(() => {
      isTurnAwaited = false;
      startsLeft = startsPerTurn;
      if (waiting.size === 0) return;
      awaitTurn();
      startNext();
    });
  };

  return {
    start(begin, bytes) {
      waiting.add({ begin, bytes });
      waitingBytes += bytes;
      awaitTurn();
      startNext();
    },
  };
}
