/** What is noted in a job itself, so that whichever process takes it next knows of it: BullMQ keeps it as the job's progress. */
import type { Job } from "bullmq";
import { z } from "zod";

/** The notes of a job; none of them at first. */
export interface JobMarks {
  /** ISO 8601. */
  readonly firstFailedAt?: string | undefined;
  /** Runs alone that were begun and of which no end is known. */
  readonly lonelyRuns?: number | undefined;
  /** Attempts that are held against it, see `hold-against.ts`. */
  readonly countedAttempts?: number | undefined;
  /** When it last failed, ISO 8601; from its first failure on that may have been its own fault. */
  readonly suspectFailedAt?: string | undefined;
}

const JobMarksSchema = z.object({
  firstFailedAt: z.string().optional(),
  lonelyRuns: z.number().optional(),
  countedAttempts: z.number().optional(),
  suspectFailedAt: z.string().optional(),
});

/** Read the notes of a job; anything else is none. */
export function readMarks(job: Pick<Job, "progress">): JobMarks {
  return JobMarksSchema.safeParse(job.progress).data ?? {};
}

/** Write the notes of a job that is running. */
export async function writeMarks(job: Pick<Job, "updateProgress">, marks: JobMarks): Promise<void> {
  await job.updateProgress({ ...marks });
}

/** Tell whether two notes say the same. */
export function areSameMarks(one: JobMarks, other: JobMarks): boolean {
  return (
    one.firstFailedAt === other.firstFailedAt &&
    (one.lonelyRuns ?? 0) === (other.lonelyRuns ?? 0) &&
    (one.countedAttempts ?? 0) === (other.countedAttempts ?? 0) &&
    one.suspectFailedAt === other.suspectFailedAt
  );
}
