import {
  allowedHosts,
  databaseUrl,
  host,
  logLevel,
  port,
  queuePrefix,
  queueShards,
  redisUrl,
  shardsNeedRedis,
  shutdownDeadlineMs,
} from "@turnpike/kit/process/config-fields";
import { z } from "zod";

/** The environment of the worker app. */
export const WorkerConfig = z
  .object({
    DATABASE_URL: databaseUrl,
    /** The queue lies in the database when absent. */
    REDIS_URL: redisUrl.optional(),
    QUEUE_PREFIX: queuePrefix,
    QUEUE_SHARDS: queueShards,
    /** Jobs that one process works on at a time; one may carry up to 16 turns of one org. */
    CONCURRENCY: z.coerce.number().int().min(1).max(1_000).default(16),
    /** Connections of the store; the queue has its own. */
    DATABASE_POOL: z.coerce.number().int().min(1).max(200).default(8),
    /** The longest wait before a turn is tried again that failed because something was away. */
    RETRY_MAX_DELAY_MS: z.coerce.number().int().min(100).max(3_600_000).default(30_000),
    /** After how long without a finished job, while jobs wait, connections are replaced; after twice as long the process ends. */
    PROGRESS_TIMEOUT_MS: z.coerce.number().int().min(1_000).max(3_600_000).default(60_000),
    /** Of the health and metrics routes. */
    PORT: port.default(8789),
    HOST: host,
    ALLOWED_HOSTS: allowedHosts,
    LOG_LEVEL: logLevel,
    SHUTDOWN_DEADLINE_MS: shutdownDeadlineMs,
  })
  .refine(...shardsNeedRedis);

/** The environment of the worker app. */
export type WorkerConfig = z.output<typeof WorkerConfig>;
