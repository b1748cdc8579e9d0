import { askQueue } from "../backend/ask-queue.ts";
import { bodyLengthOf, mayBeUnregistered, type ReadPayload, readJob } from "../job/payload.ts";
import { writeDeadJob } from "../job/dead-job.ts";
import type { Register } from "../backend/ledger.ts";
import type { JobContents } from "./run-job.ts";

/** Reach the contents of jobs, in the queue and beside it. */
export function createJobContents(register: Pick<Register, "readPayload" | "adopt">): JobContents {
  const readPayload: ReadPayload = (jobId) => askQueue(() => register.readPayload(jobId));
  return {
    sizeOf: (job) => bodyLengthOf(job.data),
    async read(job) {
      // Counted before it is stored: a job of an older version is counted by whoever runs it first.
      if (mayBeUnregistered(job.data)) await askQueue(() => register.adopt([job.id ?? ""]));
      return readJob(job.name, job.data, readPayload);
    },
    write: (job) => writeDeadJob({ jobId: job.id ?? "", name: job.name, data: job.data }, readPayload),
  };
}
