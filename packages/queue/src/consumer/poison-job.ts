/**
 * A job that kills the process it runs in leaves no failure behind; all that is seen is that its lock ran out. The jobs that
 * ran beside it look the same. So one whose lock ran out repeatedly runs alone, and each such run is noted before it begins:
 * the innocent come to an end then, the guilty one is known by runs that have none. A restart, a pause or an outage makes a
 * job suspect at worst, never dead.
 */
import { AppError } from "@turnpike/domain/errors";
import type { JobMarks } from "../job/job-progress.ts";

const SUSPECT_FROM_STALLS = 2;
const MAX_LONELY_RUNS = 3;

/** Tell whether a job is to run alone. */
export function isSuspect(job: { readonly stalledCounter: number }): boolean {
  return job.stalledCounter >= SUSPECT_FROM_STALLS;
}

/** Judge a suspect by its notes: what it is given up for when it has had its chances. */
export function findGuilt({ lonelyRuns = 0 }: JobMarks, stalls: number): AppError | undefined {
  if (lonelyRuns < MAX_LONELY_RUNS) return undefined;
  return new AppError(
    "internal",
    `given up: its worker died or stood still ${stalls} times while it ran, ${lonelyRuns} of them with nothing else running`,
  );
}
