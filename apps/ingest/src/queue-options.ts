import type { ProducerOptions } from "@turnpike/queue/producer/producer";
import type { IngestConfig } from "./config.ts";

/** Tell from the configuration which queue takes the turns, and how much it may hold. */
export function queueOptionsOf(config: IngestConfig): Omit<ProducerOptions, "log"> {
  return {
    redisUrl: config.REDIS_URL,
    databaseUrl: config.DATABASE_URL,
    prefix: config.QUEUE_PREFIX,
    shards: config.QUEUE_SHARDS,
    bounds: {
      maxJobs: config.MAX_QUEUED_JOBS,
      maxJobsPerOrg: config.MAX_QUEUED_JOBS_PER_ORG ?? Math.ceil(config.MAX_QUEUED_JOBS / 2),
      maxBytes: config.MAX_QUEUED_BYTES,
      maxBytesPerOrg: config.MAX_QUEUED_BYTES_PER_ORG,
    },
  };
}
