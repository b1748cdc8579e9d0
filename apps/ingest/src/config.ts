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

const MIB = 1024 * 1024;

/** Well below the longest string of V8 (512 MiB): a body is one string on its way to the queue. */
const MAX_LIMIT_BYTES = 256 * MIB;

const limitBytes = z.coerce.number().int().min(1024).max(MAX_LIMIT_BYTES);

const maxJobs = z.coerce.number().int().min(1);

const maxBytes = z.coerce.number().int().min(MIB);

/** The environment of the ingest app. */
export const IngestConfig = z
  .object({
    PORT: port.default(8787),
    HOST: host,
    ALLOWED_HOSTS: allowedHosts,
    REDIS_URL: redisUrl.optional(),
    DATABASE_URL: databaseUrl.optional(),
    QUEUE_PREFIX: queuePrefix,
    QUEUE_SHARDS: queueShards,
    LOG_LEVEL: logLevel,
    /** Of a body over the wire. */
    MAX_RECEIVED_BYTES: limitBytes.default(48 * MIB),
    /** Of a body after Content-Encoding is undone. */
    MAX_DECODED_BYTES: limitBytes.default(64 * MIB),
    /** Of all bodies that are being received, decoded and enqueued at a time. */
    MAX_INFLIGHT_BYTES: maxBytes.default(96 * MIB),
    /** A turn and a post of events are one job each, also those of a batch. */
    MAX_QUEUED_JOBS: maxJobs.default(100_000),
    /** Half of MAX_QUEUED_JOBS when absent. */
    MAX_QUEUED_JOBS_PER_ORG: maxJobs.optional(),
    /** Of bodies as they lie in the queue or beside it. */
    MAX_QUEUED_BYTES: maxBytes.default(1_024 * MIB),
    MAX_QUEUED_BYTES_PER_ORG: maxBytes.default(512 * MIB),
    SHUTDOWN_DEADLINE_MS: shutdownDeadlineMs,
  })
  .refine((config) => config.REDIS_URL !== undefined || config.DATABASE_URL !== undefined, {
    path: ["REDIS_URL"],
    error: "must be set, or DATABASE_URL: the queue needs one of them",
    // Also when another variable is bad: all are named at once.
    when: () => true,
  })
  .refine(...shardsNeedRedis);

/** The environment of the ingest app. */
export type IngestConfig = z.output<typeof IngestConfig>;
