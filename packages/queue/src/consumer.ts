/**
 * Takes jobs out of the queue, at least once each: a job completes only after its handler has resolved, or when it is in the
 * dead letters.
 */
import { AppError } from "@turnpike/domain/errors";
import type { DeadLetterStore } from "@turnpike/domain/ports";
import { type Activity, createActivityBook } from "./activity.ts";
import { openSession } from "./consumer-session.ts";
import type { WorkerOptions } from "./open-worker.ts";
import type { Backlog } from "./read-backlog.ts";
import type { SweepResult } from "./register.ts";
import type { JobHandlers } from "./run-job.ts";
import { within } from "./within.ts";

export type { Activity } from "./activity.ts";
export type { Backlog } from "./read-backlog.ts";
export type { JobHandler } from "./run-job.ts";

const ANSWER_TIMEOUT_MS = 2_000;

/** How to consume. */
export interface ConsumerOptions extends WorkerOptions {
  readonly handlers: JobHandlers;
  readonly deadLetters: DeadLetterStore;
  /** Told the size of each body that was done with: when that was much, there is much garbage. */
  readonly onBodyDone?: (bytes: number) => void;
}

/** The consuming side of the queue. */
export interface Consumer {
  /** @throws AppError `queue_unavailable` when the queue does not answer or was never reached. */
  ping(): Promise<void>;
  /** @throws AppError `queue_unavailable`. */
  readBacklog(): Promise<Backlog>;
  /** What has been done so far. */
  activity(): Activity;
  /** Look for what a crash left behind beside the queue; one at a time, whoever calls. Takes its time on a deep queue. */
  sweep(): Promise<SweepResult>;
  /** Replace every connection; what runs on the old ones is given back to the queue. Resolved when the old ones are let go. */
  reopen(): Promise<void>;
  /**
   * Take no more jobs, wait for the running ones, and give back in time what has not ended, for another to take it at once.
   * @returns false when some could not be given back: others take them over when their locks have run out.
   */
  drain(deadlineMs: number): Promise<boolean>;
}

/** Start taking jobs as soon as the queue can be reached. */
export function createConsumer(options: ConsumerOptions): Consumer {
  const activity = createActivityBook();
  const open = () => openSession({ ...options, activity });
  let session = open();
  let draining: Promise<boolean> | undefined;
  const ask = async <T>(question: () => Promise<T>): Promise<T> => {
    try {
      return await within(question(), ANSWER_TIMEOUT_MS, () => new Error("the queue does not answer"));
    } catch (cause) {
      throw new AppError("queue_unavailable", "the queue does not answer", { cause });
    }
  };

  return {
    ping: () => ask(() => session.opened.then(({ backend }) => backend.ping())),
    readBacklog: () => ask(() => session.readBacklog()),
    activity: () => activity.read(),
    sweep: () => session.sweep(),
    async reopen() {
      if (draining !== undefined) return;
      const old = session;
      session = open();
      await old.abandon();
    },
    drain: (deadlineMs) => (draining ??= session.drain(deadlineMs)),
  };
}
