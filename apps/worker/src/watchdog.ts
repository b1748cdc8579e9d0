/**
 * Notices a worker that lives and does not work, by what it gets done. There are jobs that it could take, and none has come to
 * its end for a while: then every connection is replaced; and when that has not helped in the same time again, the process
 * gives up, for its supervisor to start a new one.
 */
import type { Log } from "@turnpike/domain/ports/ports";
import type { Activity, Backlog } from "@turnpike/queue/consumer/consumer";

/** What is watched, and what is done about it. Times are `performance.now()`. */
export interface WatchdogOptions {
  readonly timeoutMs: number;
  readonly activity: () => Activity;
  /** Rejects when the queue does not answer. */
  readonly readBacklog: () => Promise<Backlog>;
  /** Replace every connection; those of the queue at least, when it is away. */
  readonly rebuild: (facts: { readonly isQueueAway: boolean }) => Promise<void>;
  readonly giveUp: () => void;
  readonly log: Log;
  readonly now?: () => number;
}

/** Looks at the worker now and then. */
export interface Watchdog {
  /** Look once, and act on it. */
  look(): Promise<void>;
  /** For how long there has been work and none of it has left the queue for good; 0 while there is no work. */
  msSinceProgress(): number;
}

// A large turn takes longer than anything else. One that has not run for so long yet is no sign of trouble.
const LONG_RUN_IN_TIMEOUTS = 2;

/** Begin to watch; nothing is done between two looks. */
export function createWatchdog(options: WatchdogOptions): Watchdog {
  const { timeoutMs, activity, log, now = () => performance.now() } = options;
  // The last moment at which there was nothing to complain about.
  let soundAt = now();
  let emptyAt: number | undefined = soundAt;
  let isEmpty = true;
  let rebuiltAt: number | undefined;
  // A queue that has just come back gets as long as one that was there all the time.
  let answersSince: number | undefined = soundAt;

  const isSound = (backlog: Backlog | undefined, { lastEndedAt }: Activity): boolean => {
    if (backlog?.isWaiting === false) soundAt = now();
    else if (lastEndedAt > soundAt) soundAt = lastEndedAt;
    else return false;
    return true;
  };
  // Without the queue no run can come to its end, however young it is.
  const mayStillEnd = (backlog: Backlog | undefined, { lastBegunAt }: Activity): boolean =>
    backlog !== undefined &&
    lastBegunAt !== undefined &&
    now() - lastBegunAt < LONG_RUN_IN_TIMEOUTS * timeoutMs;

  return {
    msSinceProgress: () => (isEmpty ? 0 : Math.max(0, now() - Math.max(emptyAt ?? 0, activity().lastDoneAt))),
    async look() {
      const backlog = await options.readBacklog().catch(() => undefined);
      answersSince = backlog && (answersSince ?? now());
      isEmpty = backlog?.isEmpty ?? isEmpty;
      if (isEmpty) emptyAt = now();
      const seen = activity();
      if (isSound(backlog, seen)) {
        rebuiltAt = undefined;
        return;
      }
      const patientSince = Math.max(soundAt, rebuiltAt ?? 0, answersSince ?? 0);
      if (now() - patientSince < timeoutMs || mayStillEnd(backlog, seen)) return;
      const facts = { timeoutMs, running: seen.running, isQueueAway: backlog === undefined };
      // A queue that is away is no reason to end: a new process would find it away too.
      if (rebuiltAt !== undefined && backlog !== undefined) {
        log.error({ event: "worker_wedged", ...facts }, "still nothing gets done; giving up");
        options.giveUp();
        return;
      }
      log.error({ event: "worker_rebuilt", ...facts }, "nothing gets done; replacing all connections");
      rebuiltAt = now();
      await options.rebuild(facts);
    },
  };
}
