import { bodyLengthOf, mayBeUnregistered, readJob } from "./catalog.ts";
import { writeDeadJob } from "./dead-job.ts";
import type { Register } from "./register.ts";
import type { JobContents } from "./run-job.ts";

/** Reach the contents of jobs, in the queue and beside it. */
export function createJobContents(register: Pick<Register, "readPayload" | "adopt">): JobContents {
  return {
    sizeOf: (job) => bodyLengthOf(job.data),
    async read(job) {
      // Counted before it is stored: a job of an older version is counted by whoever runs it first.
      if (mayBeUnregistered(job.data)) await register.adopt([job.id ?? ""]);
      return readJob(job.name, job.data, register.readPayload);
    },
    write: (job) =>
      writeDeadJob({ jobId: job.id ?? "", name: job.name, data: job.data }, register.readPayload),
  };
}
