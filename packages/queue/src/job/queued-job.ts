import type { NewJob } from "./payload.ts";

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
