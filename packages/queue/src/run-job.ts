import { isAppError } from "@turnpike/domain/errors";
import type { AcceptedBody } from "@turnpike/domain/ports";
import { toStorable } from "@turnpike/domain/storable-text";
import { type Job, UnrecoverableError } from "bullmq";
import { type JobName, readJob } from "./catalog.ts";
import { isWorthTrying } from "./retry-policy.ts";

/** What is known of a job beside what it carries. */
export interface JobFacts {
  readonly attempt: number;
  readonly jobId: string;
}

/** Stores what one job carries; a rejection is judged by its AppError code: tried again later, or dead at once. */
export type JobHandler = (accepted: AcceptedBody, facts: JobFacts) => Promise<void>;

/** One handler per job. */
export type JobHandlers = Readonly<Record<JobName, JobHandler>>;

/**
 * Hand a job to its handler.
 * @throws Error that BullMQ tries again, or UnrecoverableError that makes the job dead.
 */
export async function runJob(
  job: Pick<Job, "id" | "name" | "data" | "attemptsMade">,
  handlers: JobHandlers,
): Promise<void> {
  try {
    const { name, accepted } = await readJob(job.name, job.data);
    await handlers[name](accepted, { attempt: job.attemptsMade + 1, jobId: job.id ?? "" });
  } catch (error) {
    throw judge(error, job.attemptsMade + 1);
  }
}

/**
 * What BullMQ stores of a failure: the code and our own message. Anything else may hold the body's text, and a character
 * that Postgres cannot store in it would keep the job from ever finishing.
 */
function judge(error: unknown, attemptsMade: number): Error {
  const code = isAppError(error) ? error.code : "internal";
  const message = toStorable(`${code}: ${isAppError(error) ? error.message : "unexpected error"}`).value;
  const judged = isWorthTrying(code, attemptsMade) ? Error : UnrecoverableError;
  return Object.assign(new judged(message), { cause: error });
}
