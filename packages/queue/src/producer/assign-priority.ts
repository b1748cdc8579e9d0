import type { PlacedJob } from "../job/queued-job.ts";
import type { NewJob } from "../job/payload.ts";
import type { KnownLoad } from "./queue-load.ts";

/** Jobs of one org that wait without falling behind others. */
const FAIR_SHARE_JOBS = 64;

// BullMQ's own bound.
const LOWEST_PRIORITY = 2_097_151;

/**
 * Give each job its place: what an org adds on top of a backlog comes behind what others bring in the meantime. An org with a
 * short backlog takes the plain list, which costs nothing; a flooding one queues behind itself.
 */
export function placeJobs(jobs: readonly NewJob[], load: Pick<KnownLoad, "of">): PlacedJob[] {
  const backlogs = new Map<string, number>();
  return jobs.map((job) => {
    const backlog = backlogs.get(job.orgId) ?? load.of(job.orgId).jobs;
    backlogs.set(job.orgId, backlog + 1);
    return { priority: priorityOf(backlog), ...job };
  });
}

function priorityOf(backlog: number): number {
  if (backlog < FAIR_SHARE_JOBS) return 0;
  return Math.min(LOWEST_PRIORITY, 1 + Math.floor(backlog / FAIR_SHARE_JOBS));
}
