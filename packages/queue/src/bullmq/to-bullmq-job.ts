import { Job, type JobJson, type Queue, type Worker } from "bullmq";
import type { QueuedJob } from "../job/queued-job.ts";
import { MAX_ATTEMPTS } from "../job/retry-policy.ts";

/** Write a job as BullMQ's backends take it. */
export function toJobJson(queue: Queue | Worker, job: QueuedJob): JobJson {
  const options = {
    jobId: job.jobId,
    attempts: MAX_ATTEMPTS,
    backoff: { type: "custom" },
    // By its id: what workers have as their own option, on Postgres, looks through all jobs that are or were completed.
    removeOnComplete: true,
    ...(job.priority > 0 && { priority: job.priority }),
    // Nothing to BullMQ; on Postgres the register reads them when the job goes.
    bytes: job.bytes,
    ...(job.turns.length > 1 && { turns: job.turns.length }),
  };
  return new Job(queue, job.name, job.data, options, job.jobId).asJSON();
}
