/**
 * Lanes in which what has gathered is worked off group by group. The first thing that comes goes at once; what comes meanwhile
 * gathers, so that groups grow with the load. One lane does nearly all of it; the others are for what would have to wait behind a
 * group that takes long.
 */
import { setTimeout as sleep } from "node:timers/promises";

/** How lanes work. */
export interface LanesOptions {
  /** Groups that are worked on at a time. */
  readonly lanes: number;
  /** How long something waits for a busy lane before another one is opened. */
  readonly patienceMs: number;
  /** A lane begins a group no sooner than this after the one before, so that more can gather; unless `isFull`. */
  readonly restMs: number;
  /** Whether something waits. */
  readonly hasWork: () => boolean;
  /** Whether to wait for more would be in vain. */
  readonly isFull: () => boolean;
  /** Take a group of what waits, before anything else, and work on it. Never rejects. */
  readonly workOff: () => Promise<void>;
}

/** Open lanes; call what is returned whenever something has come to wait. */
export function openLanes(options: LanesOptions): () => void {
  const { lanes, patienceMs, restMs, hasWork, isFull, workOff } = options;
  const resting = new Set<() => void>();
  let busyLanes = 0;
  let isOpening = false;
  let impatience: NodeJS.Timeout | undefined;

  const runLane = async (): Promise<void> => {
    busyLanes += 1;
    while (hasWork()) {
      const rested = sleep(restMs);
      const done = workOff();
      if (!hasWork()) calmDown();
      await done;
      await untilFull(rested);
    }
    busyLanes -= 1;
  };
  const untilFull = async (rested: Promise<void>): Promise<void> => {
    if (isFull()) return;
    let wake = (): void => {};
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    resting.add(wake);
    await Promise.race([rested, woken]);
    resting.delete(wake);
  };
  const openFirst = (): void => {
    if (isOpening) return;
    isOpening = true;
    // Not at once: what comes in the same tick goes together.
    queueMicrotask(() => {
      isOpening = false;
      if (busyLanes === 0) void runLane();
    });
  };
  const calmDown = (): void => {
    clearTimeout(impatience);
    impatience = undefined;
  };
  const openAnotherLater = (): void => {
    impatience ??= setTimeout(() => {
      impatience = undefined;
      if (hasWork() && busyLanes < lanes) void runLane();
    }, patienceMs);
  };

  return () => {
    if (busyLanes === 0) openFirst();
    else if (busyLanes < lanes) openAnotherLater();
    if (resting.size > 0 && isFull()) for (const wake of resting) wake();
  };
}
