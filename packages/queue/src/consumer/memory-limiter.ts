/**
 * Bounds what the jobs of one process hold in memory at a time, and lets a suspect one run alone. A job waits here before its
 * body is read; its lock is renewed meanwhile. Small bodies and large ones have a budget each, so that neither waits for the other.
 */

/** What a job asks for: room for a body of so many bytes, or that nothing else runs. */
export type JobNeed = number | "alone";

/** A gate in front of a worker's jobs. */
export interface JobGate {
  /**
   * Wait until there is room; whoever came first goes first, among those of a kind.
   * @returns what to call when the job has ended; a second call does nothing.
   * @throws the signal's reason when it aborts first.
   */
  enter(need: JobNeed, signal: AbortSignal): Promise<() => void>;
}

/** A gate as one of its users enters it. */
export interface JobGateShare extends JobGate {
  /** Give back all the room that was entered by this share, now and later: what hangs would hold it for ever. */
  letGo(): void;
}

const MIB = 2 ** 20;

/** A body from here on is large: at most one is worked on at a time. */
export const LARGE_BODY_BYTES = 8 * MIB;

const SMALL_BUDGET_BYTES = 32 * MIB;

type Kind = "small" | "large" | "alone";

interface Waiting {
  readonly kind: Kind;
  readonly bytes: number;
  readonly admit: () => void;
}

/**
 * Make an open gate.
 * @param onLeave told the size of each body that was done with.
 */
export function createJobGate(onLeave: (bytes: number) => void = () => {}): JobGate {
  const running: Record<Kind, number> = { small: 0, large: 0, alone: 0 };
  let smallBytes = 0;
  let waiting: Waiting[] = [];

  const hasRoom = ({ kind, bytes }: Waiting): boolean => {
    if (running.alone > 0) return false;
    if (kind === "alone") return running.small + running.large === 0;
    if (kind === "large") return running.large === 0;
    return running.small === 0 || smallBytes + bytes <= SMALL_BUDGET_BYTES;
  };
  const count = ({ kind, bytes }: Waiting, by: 1 | -1): void => {
    running[kind] += by;
    if (kind === "small") smallBytes += by * bytes;
  };
  const admitWaiting = (): void => {
    const held = new Set<Kind>();
    waiting = waiting.filter((one) => {
      // Nobody overtakes one of its own kind; behind one that wants to be alone everybody waits, or its turn never comes.
      if (held.has(one.kind) || held.has("alone") || !hasRoom(one)) {
        held.add(one.kind);
        return true;
      }
      count(one, 1);
      one.admit();
      return false;
    });
  };

  return {
    enter(need, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason as Error);
          return;
        }
        const kind = need === "alone" ? "alone" : need >= LARGE_BODY_BYTES ? "large" : "small";
        let hasLeft = false;
        const one: Waiting = {
          kind,
          bytes: need === "alone" ? 0 : need,
          admit() {
            signal.removeEventListener("abort", giveUp);
            resolve(() => {
              if (hasLeft) return;
              hasLeft = true;
              count(one, -1);
              onLeave(one.bytes);
              admitWaiting();
            });
          },
        };
        const giveUp = (): void => {
          waiting = waiting.filter((other) => other !== one);
          reject(signal.reason as Error);
          admitWaiting();
        };
        signal.addEventListener("abort", giveUp, { once: true });
        waiting.push(one);
        admitWaiting();
      });
    },
  };
}

/** Enter a gate on behalf of one of several users, each with an end of its own. */
export function shareJobGate(gate: JobGate): JobGateShare {
  const entered = new Set<() => void>();
  let hasLetGo = false;
  return {
    async enter(need, signal) {
      const leave = await gate.enter(need, signal);
      if (hasLetGo) leave();
      else entered.add(leave);
      return () => {
        entered.delete(leave);
        leave();
      };
    },
    letGo() {
      hasLetGo = true;
      for (const leave of entered) leave();
      entered.clear();
    },
  };
}
