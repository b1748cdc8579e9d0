import {
  allowedHosts,
  databaseUrl,
  host,
  logLevel,
  maxReplicaLagMs,
  port,
  queuePrefix,
  queueShards,
  redisUrl,
  shardsNeedRedis,
  shutdownDeadlineMs,
} from "@turnpike/kit/process/config-fields";
import { z } from "zod";

/** The environment of the timeline app. */
export const TimelineConfig = z
  .object({
    DATABASE_URL: databaseUrl,
    /** A streaming replica of the database, which is read where its answer cannot be wrong. */
    DATABASE_READ_URL: databaseUrl.optional(),
    MAX_REPLICA_LAG_MS: maxReplicaLagMs,
    /** Where receipts of turns that are still queued are looked up; the database when absent. */
    REDIS_URL: redisUrl.optional(),
    QUEUE_PREFIX: queuePrefix,
    QUEUE_SHARDS: queueShards,
    DATABASE_POOL: z.coerce.number().int().min(1).max(200).default(8),
    PORT: port.default(8788),
    HOST: host,
    ALLOWED_HOSTS: allowedHosts,
    LOG_LEVEL: logLevel,
    SHUTDOWN_DEADLINE_MS: shutdownDeadlineMs,
  })
  .refine(...shardsNeedRedis);

/** The environment of the timeline app. */
export type TimelineConfig = z.output<typeof TimelineConfig>;
