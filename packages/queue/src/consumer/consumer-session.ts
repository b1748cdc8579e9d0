/** One set of connections of a consumer, from its opening to its end. A consumer that is stuck replaces it by another. */
import { setMaxListeners } from "node:events";
import type { DeadLetterStore } from "@turnpike/domain/ports/ports";
import type { ActivityBook } from "./activity.ts";
import { createJobContents } from "./payload-access.ts";
import { type JobGate, shareJobGate } from "./memory-limiter.ts";
import { keepOpening } from "../backend/retry-open.ts";
import { closeWorker, type OpenWorker, openWorker, startWorker, type WorkerOptions } from "./open-worker.ts";
import { INGEST_TURNS, toJobAlone, unpackParcel } from "../job/job-batch.ts";
import type { Backlog } from "../backend/backend.ts";
import type { SweepResult } from "../backend/ledger.ts";
import { createReleaseBatcher, type ReleaseBatcher } from "./release-batcher.ts";
import { GIVEN_BACK, type JobHandlers, runJob } from "./run-job.ts";
import { runParcel } from "./run-batch.ts";
import { within } from "@turnpike/async/timeout";

// A delayed job that is due for so long should have been taken by somebody.
const OVERDUE_MS = 5_000;

const late = () => new Error("late");

const CLOSE_TIMEOUT_MS = 2_000;
// Of a drain's time, kept for giving back what has not ended by then.
const GIVE_BACK_TIMEOUT_MS = 2_000;
// Clocks drift apart slowly; a process that was suspended finds out soon.
const CLOCK_SYNC_INTERVAL_MS = 15_000;

/** What a session needs beside its connections; it is the same for the next one. */
export interface SessionOptions extends WorkerOptions {
  readonly handlers: JobHandlers;
  readonly deadLetters: DeadLetterStore;
  readonly activity: ActivityBook;
  /** Of all sessions of the process. */
  readonly gate: JobGate;
  /** Why it takes no jobs until it is told to, if so. */
  readonly held: HoldReason | undefined;
  /** Asked before each job is run; one that is not admitted is given back. */
  readonly admit?: (() => Promise<boolean>) | undefined;
}

/** Whether it is not known yet if the jobs are ours, or known that they are another's. */
export type HoldReason = "unsure" | "foreign";

/** A set of connections, open or being opened. */
export interface ConsumerSession {
  /** Resolved when the connections are open for the first time; rejected when a drain came first. */
  readonly opened: Promise<OpenWorker>;
  readBacklog(): Promise<Backlog>;
  sweep(): Promise<SweepResult>;
  /** Take no more jobs, or take them again; what runs goes on. */
  hold(reason: HoldReason | undefined): void;
  /** See `Consumer`. */
  drain(deadlineMs: number): Promise<boolean>;
  /** Give back what runs, as far as the connections still carry it, and close them without waiting for anything. */
  abandon(): Promise<void>;
}

/** Take jobs as soon as the queue can be reached. */
export function openSession(options: SessionOptions): ConsumerSession {
  const { activity, log, prefix } = options;
  const gate = shareJobGate(options.gate);
  const closing = new AbortController();
  const stopEntering = new AbortController();
  const giveBack = new AbortController();
  // As many as there are jobs at a time.
  setMaxListeners(0, stopEntering.signal, giveBack.signal);
  let hasStarted = false;
  let { held } = options;
  let isRunning = false;
  let isCutOff = false;
  let clockTimer: NodeJS.Timeout | undefined;
  let releases: ReleaseBatcher | undefined;

  const open = () =>
    openWorker(options, async (job, token, { backend, clock, register, worker }) => {
      activity.begun(job);
      try {
        const run = job.name === INGEST_TURNS ? runParcel : runJob;
        const isAdmitted = options.admit === undefined || (await options.admit());
        await run(job, token, {
          ...options,
          gate,
          contents: createJobContents(register),
          sendAlone: (turns) => {
            const jobs = turns.map((turn) => toJobAlone(turn, job));
            return backend.addJobs(worker, prefix, jobs, {
              counts: false,
              signal: giveBack.signal,
            });
          },
          listCarried: (parcelId) => register.listCarried(parcelId),
          now: () => new Date(Date.now() + clock.offsetMs()).toISOString(),
          stopEntering: stopEntering.signal,
          // One that was taken just before the worker was told.
          giveBack: isAdmitted ? giveBack.signal : AbortSignal.abort(GIVEN_BACK),
          on: {
            dead: () => activity.count("dead"),
            givenBack(isBack) {
              if (isBack) activity.count("givenBack");
              else isCutOff = true;
            },
          },
        });
      } finally {
        activity.ended(job);
      }
    });
  const opened = keepOpening(open, closing.signal, log);
  opened.then(
    (session) => {
      if (closing.signal.aborted) return closeWorker(session);
      hasStarted = true;
      const batcher = createReleaseBatcher({ release: (ids) => session.register.release(ids), log });
      releases = batcher;
      session.worker.on("completed", (job) => {
        activity.count("completed");
        for (const { id } of unpackParcel(job) ?? [job]) batcher.add(id ?? "");
      });
      session.worker.on("failed", () => activity.count("failed"));
      session.worker.on("stalled", () => activity.count("stalled"));
      clockTimer = setInterval(() => void session.clock.sync(), CLOCK_SYNC_INTERVAL_MS).unref();
      startUnlessHeld(session);
      return undefined;
    },
    // Given up by a drain.
    () => {},
  );
  const startUnlessHeld = (session: OpenWorker): void => {
    if (held !== undefined || isRunning || closing.signal.aborted) return;
    isRunning = true;
    startWorker(session);
  };
  const close = async (session: OpenWorker): Promise<void> => {
    clearInterval(clockTimer);
    await within(releases?.flush() ?? Promise.resolve(), CLOSE_TIMEOUT_MS, late).catch(() => {});
    await within(closeWorker(session), CLOSE_TIMEOUT_MS, late).catch(() => {});
  };
  const giveAllBack = (): void => {
    stopEntering.abort(GIVEN_BACK);
    giveBack.abort(GIVEN_BACK);
  };

  return {
    opened,
    async readBacklog() {
      const { backend, clock } = await opened;
      return backend.readBacklog(prefix, Math.round(Date.now() + clock.offsetMs()) - OVERDUE_MS);
    },
    async sweep() {
      const { register } = await opened;
      return register.sweep();
    },
    hold(reason) {
      held = reason;
      opened.then(
        (session) => {
          startUnlessHeld(session);
          if (!isRunning) return;
          if (held !== undefined) session.pauses.begin("held");
          else session.pauses.end("held");
        },
        () => {},
      );
    },
    async drain(deadlineMs) {
      closing.abort();
      if (!hasStarted) return true;
      const session = await opened;
      // What waits at the gate has not begun: others may take it now.
      stopEntering.abort(GIVEN_BACK);
      const patienceMs = Math.max(deadlineMs / 2, deadlineMs - GIVE_BACK_TIMEOUT_MS);
      const timer = setTimeout(giveAllBack, patienceMs);
      const hasEnded = await within(session.worker.close(), deadlineMs, late).then(
        () => true,
        () => false,
      );
      clearTimeout(timer);
      if (giveBack.signal.aborted) log.warn({ patienceMs }, "jobs were still running; they were given back");
      await close(session);
      return hasEnded && !isCutOff;
    },
    async abandon() {
      closing.abort();
      giveAllBack();
      // What hangs on the connections of this session would hold its room for ever.
      gate.letGo();
      if (!hasStarted) return;
      const session = await opened;
      // The queue is told of what is given back, if it still hears.
      await within(session.worker.close(), CLOSE_TIMEOUT_MS, late).catch(() => {});
      await close(session);
    },
  };
}
