import { Job, type JobJson } from "bullmq";
import type { PlacedJob } from "./add-jobs.ts";
import type { OpenQueue } from "./queue-client.ts";
import { MAX_ATTEMPTS } from "./retry-policy.ts";

/** Write a job as BullMQ's backends take it. */
export function toJobJson(queue: OpenQueue["queue"], job: PlacedJob): JobJson {
  const options = {
    jobId: job.jobId,
    attempts: MAX_ATTEMPTS,
    backoff: { type: "custom" },
    ...(job.priority > 0 && { priority: job.priority }),
    // Nothing to BullMQ; on Postgres the register reads it when the job goes.
    bytes: job.bytes,
  };
  return new Job(queue, job.name, job.data, options, job.jobId).asJSON();
}
