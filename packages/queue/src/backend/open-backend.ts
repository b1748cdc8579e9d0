/** Chooses the queue server. Nothing else asks which one it is. */
import type { Log } from "@turnpike/domain/ports/ports";
import type { QueuePlace } from "@turnpike/domain/ports/queue-marker";
import {
  type BackendClasses,
  type BackendFactory,
  createPostgresBackend,
  createRedisBackend,
  type IQueueBackend,
  withBackend,
} from "bullmq";
import type { BackendKind, ClientRole, OpenBackend, QueueLocation } from "./backend.ts";
import { openPostgres } from "./postgres/open-postgres.ts";
import { createPostgresServer } from "./postgres/postgres-server.ts";
import { openRedis } from "./redis/open-redis.ts";
import { createRedisServer } from "./redis/redis-server.ts";

/** What is worth doing in front of a queue server. */
export interface BackendTraits {
  /** How long a group of jobs is gathered: one costs Postgres milliseconds beside its jobs; a longer rest gains Redis nothing (decision 40). */
  readonly restMs: number;
  /**
   * How full the queue may be until bodies are deflated, which is the dearest part of taking a turn in. Postgres writes every byte
   * twice, and reads it once more to throw it away: there it pays at once.
   */
  readonly roomyShare: number;
  /** Whether what conversations have in common is kept once; else bodies are there in one piece. */
  readonly sharesLists: boolean;
}

const traits: Readonly<Record<BackendKind, BackendTraits>> = {
  redis: { restMs: 16, roomyShare: 1 / 2, sharesLists: false },
  postgres: { restMs: 32, roomyShare: 0, sharesLists: true },
};

/** Tell what is worth doing in front of the queue at a location. */
export function traitsOf(location: Pick<QueueLocation, "redisUrl">): BackendTraits {
  return traits[backendKindOf(location)];
}

/** Name where a queue lives, as its marker does. */
export function placeOf(location: Omit<QueueLocation, "databaseUrl">): QueuePlace {
  return { backend: backendKindOf(location), prefix: location.prefix, shards: location.shards ?? 1 };
}

function backendKindOf({ redisUrl }: Pick<QueueLocation, "redisUrl">): BackendKind {
  return redisUrl === undefined ? "postgres" : "redis";
}

/**
 * Open the backend of one shard and wait for its sign of life.
 * @throws the driver's error when it is away; nothing is left open.
 */
export async function openBackend(location: QueueLocation, role: ClientRole, log: Log): Promise<OpenBackend> {
  const { redisUrl, databaseUrl, prefix } = location;
  if (redisUrl !== undefined) {
    const client = await openRedis({ redisUrl, prefix }, role, log);
    return { classes: bind(createRedisBackend), ...client, ...createRedisServer(client.connection) };
  }
  if (databaseUrl === undefined) throw new Error("a queue needs the URL of a Redis or of a Postgres");
  const client = await openPostgres(databaseUrl, role, log);
  return { classes: bind(createPostgresBackend), ...client, ...createPostgresServer(client.connection) };
}

// The two factories differ in what they connect to; a ternary over them has no common type, so it is erased once, here.
function bind<B extends IQueueBackend, C>(
  factory: BackendFactory<B, C>,
): BackendClasses<IQueueBackend, unknown> {
  return withBackend(factory as unknown as BackendFactory<IQueueBackend, unknown>);
}
