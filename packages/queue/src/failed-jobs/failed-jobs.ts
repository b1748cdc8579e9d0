/** The jobs that BullMQ gave up, without a dead letter: how they are put back. */
import { ownerOf } from "../job/make-dead-letter.ts";
import { isParcelId } from "../job/job-batch.ts";
import type { OpenQueue } from "../backend/queue-client.ts";

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
