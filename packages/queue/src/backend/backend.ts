/** One code path for both backends: the rest of the package never asks which one it runs on. */
import type { Log } from "@turnpike/domain/ports/ports";
import {
  type BackendClasses,
  type BackendFactory,
  createPostgresBackend,
  createRedisBackend,
  type IQueueBackend,
  withBackend,
} from "bullmq";
import { openPostgres } from "./postgres/open-postgres.ts";
import { openRedis } from "./redis/open-redis.ts";

/** Where the queue lives: on Redis when there is a URL of one, else in the database. */
export interface QueueLocation {
  /** Of a Redis, or of nodes of one cluster with commas between. */
  readonly redisUrl?: string | undefined;
  readonly databaseUrl?: string | undefined;
  /** Namespace of all keys on Redis; the Postgres backend has a schema of its own, `bullmq`. */
  readonly prefix: string;
  /** Queues on Redis that share the work, see `shards.ts`; one when absent. */
  readonly shards?: number | undefined;
}

/** Whether a client answers fast or not at all, or waits for as long as it takes. */
export type ClientRole = "producer" | "consumer";

/** What holds the jobs. */
export type BackendKind = "redis" | "postgres";

/** Tell where a queue lives, before it is open. */
export function backendKindOf({ redisUrl }: Pick<QueueLocation, "redisUrl">): BackendKind {
  return redisUrl === undefined ? "postgres" : "redis";
}

/** An open connection to a backend, with the BullMQ classes bound to it. */
export interface OpenBackend {
  readonly kind: BackendKind;
  readonly classes: BackendClasses<IQueueBackend, unknown>;
  readonly connection: unknown;
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** What a backend's own file opens: a client that BullMQ takes as it is. */
export interface OpenClient {
  readonly connection: unknown;
  ping(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Open the backend of one shard and wait for its sign of life.
 * @throws the driver's error when it is away; nothing is left open.
 */
export async function openBackend(location: QueueLocation, role: ClientRole, log: Log): Promise<OpenBackend> {
  const { redisUrl, databaseUrl, prefix } = location;
  if (redisUrl !== undefined) {
    const client = await openRedis({ redisUrl, prefix }, role, log);
    return { kind: "redis", classes: bind(createRedisBackend), ...client };
  }
  if (databaseUrl === undefined) throw new Error("a queue needs the URL of a Redis or of a Postgres");
  const client = await openPostgres(databaseUrl, role, log);
  return { kind: "postgres", classes: bind(createPostgresBackend), ...client };
}

// The two factories differ in what they connect to; a ternary over them has no common type, so it is erased once, here.
function bind<B extends IQueueBackend, C>(
  factory: BackendFactory<B, C>,
): BackendClasses<IQueueBackend, unknown> {
  return withBackend(factory as unknown as BackendFactory<IQueueBackend, unknown>);
}
