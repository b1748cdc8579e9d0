import {
  databaseUrl,
  logLevel,
  maxReplicaLagMs,
  queuePrefix,
  queueShards,
  redisUrl,
  shardsNeedRedis,
} from "@turnpike/kit/process/config-fields";
import { z } from "zod";

/** The environment of the command. */
export type Env = Readonly<Record<string, string | undefined>>;

/** What the commands that run or reach a server read of the environment. */
export const Settings = z
  .object({
    /** An embedded Postgres is started when absent. */
    DATABASE_URL: databaseUrl.optional(),
    /** A streaming replica of the database, for reading. */
    DATABASE_READ_URL: databaseUrl.optional(),
    MAX_REPLICA_LAG_MS: maxReplicaLagMs,
    /** The queue lies in the database when absent. */
    REDIS_URL: redisUrl.optional(),
    QUEUE_PREFIX: queuePrefix,
    QUEUE_SHARDS: queueShards,
    LOG_LEVEL: logLevel.default("warn"),
  })
  .refine(...shardsNeedRedis);

/** What the commands that run or reach a server read of the environment. */
export type Settings = z.output<typeof Settings>;
