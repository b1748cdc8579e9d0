/** Puts jobs into the queue together with all that the register knows of them: in one step, all or none. */
import { addToPostgres } from "./add-to-postgres.ts";
import { addToRedis } from "./add-to-redis.ts";
import type { NewJob } from "./catalog.ts";
import type { OpenQueue } from "./queue-client.ts";

/** A job with its place in the order in which jobs are taken. */
export interface PlacedJob extends NewJob {
  /** 0 comes first, then 1, 2, 3, …; jobs of one priority in the order in which they came. */
  readonly priority: number;
}

/** How jobs are put in. */
export interface AddOptions {
  /** Whether they count as accepted: not when they were before. */
  readonly counts: boolean;
  /** Aborts when nobody waits for the end any more: what is not yet durable is not to become it. */
  readonly signal: AbortSignal;
}

/**
 * Put jobs into the queue; one whose id is in the queue already is left as it is, and not counted again.
 * @throws the driver's error, with nothing put in; or when the answer was lost, with all or nothing put in.
 */
export async function addJobs(
  opened: OpenQueue,
  prefix: string,
  jobs: readonly PlacedJob[],
  options: AddOptions,
): Promise<void> {
  if (jobs.length === 0) return;
  if (opened.backend.kind === "redis") await addToRedis(opened, prefix, jobs, options);
  else await addToPostgres(opened, jobs, options);
}
