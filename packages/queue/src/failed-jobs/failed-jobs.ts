/** The jobs that BullMQ gave up, without a dead letter: what they are, and how they are put back. */
import type { Redis } from "ioredis";
import type { Pool } from "pg";
import { INGEST_QUEUE } from "../job/payload.ts";
import { ownerOf } from "../job/make-dead-letter.ts";
import { isParcelId } from "../job/job-batch.ts";
import type { OpenQueue } from "../backend/queue-client.ts";

// Of one pipeline.
const STEP_IDS = 500;

/** A job that was given up. */
export interface FailedJob {
  readonly id: string;
  /** As BullMQ keeps it: the error's code, then its message. */
  readonly reason: string;
}

/** List all of them, those that failed first at the beginning. */
export async function listFailedJobs({ backend, queue }: OpenQueue): Promise<FailedJob[]> {
  if (backend.kind === "postgres") {
    const { rows } = await (backend.connection as Pool).query<FailedJob>(
      `SELECT id, COALESCE(failed_reason, '') AS reason FROM bullmq.job
        WHERE queue = $1 AND state = 'failed' ORDER BY finished_at_ms, id`,
      [INGEST_QUEUE],
    );
    return rows;
  }
  const redis = backend.connection as Redis;
  const ids = await redis.zrange(queue.toKey("failed"), "0", "-1");
  const jobs: FailedJob[] = [];
  for (let at = 0; at < ids.length; at += STEP_IDS) {
    const some = ids.slice(at, at + STEP_IDS);
    const reasons = await Promise.all(some.map((id) => redis.hget(queue.toKey(id), "failedReason")));
    some.forEach((id, index) => jobs.push({ id, reason: reasons[index] ?? "" }));
  }
  return jobs;
}

/** Tell whether a job that was put back could come to an end: whose id names nobody, fails again. */
export function isRecoverable(jobId: string): boolean {
  return ownerOf(jobId) !== undefined || isParcelId(jobId);
}

/**
 * Put a failed job back among those that wait, as if it had never been tried; what it carries stays as it is. One that stalled
 * before is still suspected of it. In one step, so it is there once, whoever does it and dies meanwhile.
 * @returns false when it was failed no more.
 */
export async function retryFailedJob({ queue }: OpenQueue, jobId: string): Promise<boolean> {
  const job = await queue.getJob(jobId);
  if (job === undefined || !(await job.isFailed())) return false;
  // First, for a worker may take it as soon as it waits.
  await job.updateProgress({});
  try {
    await job.retry("failed", { resetAttemptsMade: true, resetAttemptsStarted: true });
    return true;
  } catch (error) {
    // Somebody else was faster.
    if (await isFailedStill(queue, jobId)) throw error;
    return false;
  }
}

async function isFailedStill(queue: OpenQueue["queue"], jobId: string): Promise<boolean> {
  return (await queue.getJobState(jobId)) === "failed";
}
