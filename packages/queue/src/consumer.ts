/** Takes jobs out of the queue, at least once each: a job completes only after its handler has resolved. */
import { AppError } from "@turnpike/domain/errors";
import { keepOpening } from "./keep-opening.ts";
import { closeWorker, openWorker, startWorker, type WorkerOptions } from "./open-worker.ts";
import { within } from "./within.ts";

export type { JobHandler } from "./run-job.ts";

const PING_TIMEOUT_MS = 2_000;
const CLOSE_TIMEOUT_MS = 2_000;

/** The consuming side of the queue. */
export interface Consumer {
  /** @throws AppError `queue_unavailable` when the queue does not answer or was never reached. */
  ping(): Promise<void>;
  /** Take no more jobs, and wait for the running ones: true when they ended within the deadline; else they run again elsewhere. */
  drain(deadlineMs: number): Promise<boolean>;
}

/** Start taking jobs as soon as the queue can be reached. */
export function createConsumer(options: WorkerOptions): Consumer {
  const { log } = options;
  const closing = new AbortController();
  let hasStarted = false;
  const opened = keepOpening(() => openWorker(options), closing.signal, log);
  opened.then(
    (open) => {
      if (closing.signal.aborted) return closeWorker(open);
      hasStarted = true;
      startWorker(open);
      return undefined;
    },
    // Given up by a drain.
    () => {},
  );

  return {
    async ping() {
      const late = () => new Error("the queue does not answer");
      try {
        await within(
          opened.then(({ backend }) => backend.ping()),
          PING_TIMEOUT_MS,
          late,
        );
      } catch (cause) {
        throw new AppError("queue_unavailable", "the queue does not answer", { cause });
      }
    },
    async drain(deadlineMs) {
      closing.abort();
      if (!hasStarted) return true;
      const open = await opened;
      const late = () => new Error("late");
      const inTime = await within(open.worker.close(), deadlineMs, late).then(
        () => true,
        () => false,
      );
      if (!inTime) log.warn({ deadlineMs }, "jobs still running at the deadline; they will run again");
      await within(closeWorker(open), CLOSE_TIMEOUT_MS, late).catch(() => {});
      return inTime;
    },
  };
}
