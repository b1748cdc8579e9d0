/** Puts jobs into the queue together with all that the register knows of them: in one step, all or none. */
import { addToPostgres } from "./postgres/add-to-postgres.ts";
import { addToRedis } from "./redis/add-to-redis.ts";
import type { NewJob } from "../job/payload.ts";
import type { Queue, Worker } from "bullmq";
import type { OpenBackend } from "./backend.ts";

/** Where jobs are added: an open queue, or a worker on its own connection. */
export interface AddTarget {
  readonly backend: OpenBackend;
  readonly queue: Queue | Worker;
}

/** A job with its place in the order in which jobs are taken. */
export interface PlacedJob extends NewJob {
  /** 0 comes first, then 1, 2, 3, …; jobs of one priority in the order in which they came. */
  readonly priority: number;
}

/** A job as BullMQ takes it: a turn by itself, or a parcel of several. */
export interface QueuedJob extends PlacedJob {
  /** What it carries: itself, or the turns of a parcel. */
  readonly turns: readonly PlacedJob[];
}

/** How jobs are put in. */
export interface AddOptions {
  /** Whether they count as accepted: not when they were before. */
  readonly counts: boolean;
  /** Aborts when nobody waits for the end any more: what is not yet durable is not to become it. */
  readonly signal: AbortSignal;
}

/**
 * Put jobs into the queue; one whose id is in the queue already is left as it is, and not counted again. A turn that was carried by
 * a parcel until now leaves it.
 * @throws the driver's error, with nothing put in; or when the answer was lost, with all or nothing put in.
 */
export async function addJobs(
  opened: AddTarget,
  prefix: string,
  jobs: readonly QueuedJob[],
  options: AddOptions,
): Promise<void> {
  if (jobs.length === 0) return;
  if (opened.backend.kind === "redis") await addToRedis(opened, prefix, jobs, options);
  else await addToPostgres(opened, jobs, options);
}
