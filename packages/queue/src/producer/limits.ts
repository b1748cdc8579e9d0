/** How full the queue may become before nothing more is accepted, and who says so. */
import { AppError } from "@turnpike/domain/errors";
import type { Amount, KnownLoad } from "./queue-load.ts";

/** How much the queue may hold. Bytes are those of the bodies as they lie in the queue or beside it. */
export interface QueueBounds {
  readonly maxJobs: number;
  readonly maxJobsPerOrg: number;
  readonly maxBytes: number;
  readonly maxBytesPerOrg: number;
}

/** What an enqueue may be refused for. */
export const queueBounds = ["jobs", "bytes", "jobs_per_org", "bytes_per_org", "memory"] as const;

/** What an enqueue may be refused for. */
export type QueueBound = (typeof queueBounds)[number];

// Of Redis' `maxmemory`, kept free for what workers do: a worker that cannot write cannot empty the queue.
const MEMORY_MARGIN_SHARE = 0.1;
const MAX_MEMORY_MARGIN_BYTES = 64 * 1024 * 1024;
// What a job takes on Redis beside its body, measured with its entry in the register.
const JOB_OVERHEAD_BYTES = 1_500;

const MIN_RETRY_SECONDS = 2;
const MAX_RETRY_SECONDS = 10;

/** The bound that jobs would pass, and how much of it is taken (1 = all). */
export interface PassedBound {
  readonly bound: QueueBound;
  readonly taken: number;
}

/**
 * Find the bound that jobs would pass. Whatever is larger than a bound is let into a queue that is empty by it, since it would
 * never fit otherwise.
 */
export function findPassedBound(
  load: KnownLoad,
  byOrg: ReadonlyMap<string, Amount>,
  bounds: QueueBounds,
): PassedBound | undefined {
  let [jobs, bytes] = [0, 0];
  for (const amount of byOrg.values()) {
    jobs += amount.jobs;
    bytes += amount.bytes;
  }
  if (passes(load.jobs, jobs, bounds.maxJobs)) return { bound: "jobs", taken: load.jobs / bounds.maxJobs };
  if (passes(load.bytes, bytes, bounds.maxBytes))
    return { bound: "bytes", taken: load.bytes / bounds.maxBytes };
  for (const [orgId, amount] of byOrg) {
    const held = load.of(orgId);
    if (passes(held.jobs, amount.jobs, bounds.maxJobsPerOrg))
      return { bound: "jobs_per_org", taken: held.jobs / bounds.maxJobsPerOrg };
    if (passes(held.bytes, amount.bytes, bounds.maxBytesPerOrg))
      return { bound: "bytes_per_org", taken: held.bytes / bounds.maxBytesPerOrg };
  }
  if (load.memory !== undefined) {
    const { usedBytes, maxBytes } = load.memory;
    const margin = Math.min(MAX_MEMORY_MARGIN_BYTES, maxBytes * MEMORY_MARGIN_SHARE);
    if (usedBytes + bytes + jobs * JOB_OVERHEAD_BYTES > maxBytes - margin)
      return { bound: "memory", taken: usedBytes / maxBytes };
  }
  return undefined;
}

function passes(held: number, more: number, bound: number): boolean {
  return held > 0 && held + more > bound;
}

const names: Readonly<Record<QueueBound, string>> = {
  jobs: "MAX_QUEUED_JOBS, of all orgs",
  bytes: "MAX_QUEUED_BYTES, of all orgs",
  jobs_per_org: "MAX_QUEUED_JOBS_PER_ORG, of this org",
  bytes_per_org: "MAX_QUEUED_BYTES_PER_ORG, of this org",
  memory: "the memory of Redis",
};

/** Say that the queue is full, and when to come back: the later the fuller. */
export function refuseFull({ bound, taken }: PassedBound): AppError {
  const share = Math.min(1, Math.max(0, taken));
  const retryAfterSeconds = Math.round(MIN_RETRY_SECONDS + share * (MAX_RETRY_SECONDS - MIN_RETRY_SECONDS));
  return new AppError("queue_unavailable", `the queue is full: ${names[bound]}; nothing was accepted`, {
    retryAfterSeconds,
    isPublic: true,
  });
}
