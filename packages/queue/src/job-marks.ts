/** What is noted in a job itself, so that whichever process takes it next knows of it: BullMQ keeps it as the job's progress. */
import type { Job } from "bullmq";
import { z } from "zod";

/** The notes of a job; none of them at first. */
export interface JobMarks {
  /** ISO 8601. */
  readonly firstFailedAt?: string | undefined;
  /** Runs alone that were begun and of which no end is known. */
  readonly lonelyRuns?: number | undefined;
}

const JobMarksSchema = z.object({
  firstFailedAt: z.string().optional(),
  lonelyRuns: z.number().optional(),
});

/** Read the notes of a job; anything else is none. */
export function readMarks(job: Pick<Job, "progress">): JobMarks {
  return JobMarksSchema.safeParse(job.progress).data ?? {};
}

/** Write the notes of a job that is running. */
export async function writeMarks(job: Pick<Job, "updateProgress">, marks: JobMarks): Promise<void> {
  await job.updateProgress({ ...marks });
}
