import { AppError, type ErrorCode, isAppError } from "@turnpike/domain/errors";
import type { AcceptedBody, DeadLetter, DeadLetterStore, Log } from "@turnpike/domain/ports/ports";
import { toStorable } from "@turnpike/domain/prepare/storable-text";
import { traceOf } from "@turnpike/domain/trace-of";
import { type Job, UnrecoverableError, WaitingError } from "bullmq";
import type { JobName } from "../job/payload.ts";
import { askQueue } from "../backend/ask-queue.ts";
import { makeDeadLetter, ownerOf } from "../job/make-dead-letter.ts";
import { holdAgainst, isHeldAgainst } from "../job/hold-against.ts";
import type { JobGate } from "./memory-limiter.ts";
import { areSameMarks, type JobMarks, readMarks, writeMarks } from "../job/job-progress.ts";
import { isWorthTrying, verdicts } from "../job/retry-policy.ts";
import { findGuilt, isSuspect } from "./poison-job.ts";

/** Why a job ends that is given back. */
export const GIVEN_BACK = new Error("given back");

/** What is known of a job beside what it carries. */
export interface JobFacts {
  readonly attempt: number;
  readonly jobId: string;
}

/** Stores what one job carries; a rejection is judged by its AppError code: tried again later, or dead at once. */
export type JobHandler = (accepted: AcceptedBody, facts: JobFacts) => Promise<void>;

/** One handler per job. */
export type JobHandlers = Readonly<Record<JobName, JobHandler>>;

/** What of a job is needed to run it. */
export type RunnableJob = Pick<
  Job,
  "id" | "name" | "data" | "attemptsMade" | "stalledCounter" | "progress" | "updateProgress" | "moveToWait"
>;

/** How the payloads of jobs are got at, wherever they lie. */
export interface JobContents {
  /** How much memory the body will take, before it is read. */
  sizeOf(job: Pick<RunnableJob, "data">): number;
  /** @throws AppError `unreadable_job`, or `queue_unavailable`. */
  read(
    job: Pick<RunnableJob, "id" | "name" | "data">,
  ): Promise<{ readonly name: JobName; readonly accepted: AcceptedBody }>;
  /** Write a job down, as a replay takes it; not whole when its body is gone. */
  write(job: RunnableJob): Promise<Pick<DeadLetter, "job" | "isWhole">>;
}

/** Told what happens to jobs. */
export interface RunEvents {
  dead(code: ErrorCode): void;
  /** False when the queue could not be told: another takes the job over when its lock has run out. */
  givenBack(isBack: boolean): void;
}

/** What running jobs takes. */
export interface RunJobDeps {
  readonly handlers: JobHandlers;
  readonly contents: JobContents;
  readonly deadLetters: DeadLetterStore;
  readonly gate: JobGate;
  /** ISO 8601. */
  readonly now: () => string;
  readonly log: Log;
  /** Aborts, with `GIVEN_BACK`, when jobs that wait at the gate are to be given back. */
  readonly stopEntering: AbortSignal;
  /** Aborts, with `GIVEN_BACK`, when all jobs are to be given back, also those whose handler runs. */
  readonly giveBack: AbortSignal;
  readonly on: RunEvents;
}

/**
 * Run a job to its end: stored, or in the dead letters. Resolved means that it may leave the queue.
 * @throws Error that BullMQ tries again, WaitingError when the job was given back, or UnrecoverableError when there can be no dead
 *   letter of it: its id names no org and receipt.
 */
export async function runJob(job: RunnableJob, token: string, deps: RunJobDeps): Promise<void> {
  const run: Run = { job, marks: readMarks(job), attempt: job.attemptsMade + 1 };
  await orGiveBack(run, token, deps, () => runInGate(run, deps));
}

/** One run of a job. */
export interface Run {
  readonly job: RunnableJob;
  marks: JobMarks;
  readonly attempt: number;
}

/**
 * Act for a job, unless it is to be given back.
 * @throws what `act` throws, or WaitingError when the job was given back.
 */
export async function orGiveBack(
  run: Run,
  token: string,
  deps: Pick<RunJobDeps, "giveBack" | "log" | "on">,
  act: () => Promise<void>,
): Promise<void> {
  try {
    await unlessGivenBack(deps.giveBack, act);
  } catch (error) {
    if (error !== GIVEN_BACK) throw error;
    throw await giveBack(run, token, deps);
  }
}

/** What still runs when the signal comes goes on unheard: what it stores is stored once, whoever runs the job next. */
async function unlessGivenBack(signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  signal.throwIfAborted();
  let refuse = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    refuse = () => reject(signal.reason as Error);
    signal.addEventListener("abort", refuse, { once: true });
  });
  const acted = act();
  acted.catch(() => {});
  try {
    await Promise.race([acted, aborted]);
  } finally {
    signal.removeEventListener("abort", refuse);
  }
}

async function runInGate(run: Run, deps: RunJobDeps): Promise<void> {
  const { job } = run;
  const suspect = isSuspect(job);
  const alone = suspect || isHeldAgainst(run.marks);
  const leave = await deps.gate.enter(alone ? "alone" : deps.contents.sizeOf(job), deps.stopEntering);
  try {
    const guilt = suspect ? findGuilt(run.marks, job.stalledCounter) : undefined;
    if (guilt !== undefined) {
      await bury(run, deps, guilt);
      return;
    }
    if (suspect) await note(run, { lonelyRuns: (run.marks.lonelyRuns ?? 0) + 1 });
    const { name, accepted } = await deps.contents.read(job);
    await deps.handlers[name](accepted, { attempt: run.attempt, jobId: idOf(job) });
  } catch (error) {
    await settleFailure(run, deps, error);
  } finally {
    leave();
  }
}

async function settleFailure(run: Run, deps: RunJobDeps, error: unknown): Promise<void> {
  const failure = toFailure(error);
  const marks = holdAgainst(run.marks, failure, deps.now());
  if (!isWorthTrying(failure.code, marks.countedAttempts ?? 0)) {
    await bury(run, deps, failure);
    return;
  }
  await noteIfNew(run, marks);
  throw describeFailure(Error, failure);
}

/** Put a job into the dead letters; resolved, it may leave the queue. A letter that cannot be written, whatever for, waits. */
async function bury(run: Run, deps: RunJobDeps, failure: AppError): Promise<void> {
  const { job, marks, attempt } = run;
  const owner = ownerOf(idOf(job));
  if (owner === undefined) {
    // Nobody could find a letter of it. The queue itself keeps it, among its failed jobs.
    deps.log.error({ jobId: job.id, code: failure.code }, "a job that is none of ours failed for good");
    throw describeFailure(UnrecoverableError, failure);
  }
  const lastFailedAt = deps.now();
  const { firstFailedAt = lastFailedAt } = marks;
  try {
    const letter = makeDeadLetter({
      ...owner,
      jobName: job.name,
      data: job.data,
      ...(await deps.contents.write(job)),
      attempts: attempt,
      failure,
      firstFailedAt,
      lastFailedAt,
    });
    const outcome = await deps.deadLetters.put(letter);
    deps.on.dead(failure.code);
    const facts = { jobId: job.id, attempt, code: failure.code, reason: letter.reason, outcome };
    deps.log.warn({ ...facts, at: traceOf(failure.cause) }, "dead letter");
  } catch (cause) {
    const lost = toFailure(cause);
    if (verdicts[lost.code] !== "wait") {
      const facts = { jobId: job.id, code: lost.code, reason: lost.message, failure: failure.code };
      deps.log.error({ ...facts, at: traceOf(cause) }, "a dead letter cannot be written; it waits");
    }
    await noteIfNew(run, { ...marks, firstFailedAt });
    throw describeFailure(Error, lost);
  }
}

function toFailure(error: unknown): AppError {
  return isAppError(error) ? error : new AppError("internal", "unexpected error", { cause: error });
}

/** The job waits again at once, its attempts as before; a run alone that ends like this says nothing against it. */
async function giveBack(
  run: Run,
  token: string,
  { log, on }: Pick<RunJobDeps, "log" | "on">,
): Promise<WaitingError> {
  const { job, marks } = run;
  try {
    if (marks.lonelyRuns) await note(run, { lonelyRuns: 0 });
    await job.moveToWait(token);
    on.givenBack(true);
  } catch (error) {
    on.givenBack(false);
    log.warn({ jobId: job.id, at: traceOf(error) }, "a job could not be given back");
  }
  return new WaitingError();
}

async function note(run: Run, marks: JobMarks): Promise<void> {
  run.marks = { ...run.marks, ...marks };
  await askQueue(() => writeMarks(run.job, run.marks));
}

/** What cannot be noted is not held against the job. */
async function noteIfNew(run: Run, marks: JobMarks): Promise<void> {
  if (!areSameMarks(run.marks, marks)) await note(run, marks).catch(() => {});
}

/**
 * What BullMQ stores of a failure: the code and our own message. Anything else may hold the body's text, and a character
 * that Postgres cannot store in it would keep the job from ever finishing.
 */
export function describeFailure(Failure: new (message: string) => Error, failure: AppError): Error {
  const message = toStorable(`${failure.code}: ${failure.message}`).value;
  return Object.assign(new Failure(message), { cause: failure.cause ?? failure });
}

function idOf(job: Pick<Job, "id">): string {
  return job.id ?? "";
}
