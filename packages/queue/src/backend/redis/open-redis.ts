import type { Log } from "@turnpike/domain/ports/ports";
import { AppError } from "@turnpike/domain/errors";
import { redisAddressOf, splitRedisUrls } from "@turnpike/domain/split-redis-urls";
import { Redis, type RedisOptions } from "ioredis";
import type { ClientRole, OpenClient } from "../backend.ts";
import { createClusterConnector } from "./cluster-connector.ts";
import { type Credentials, createMasterFinder } from "./find-primary.ts";
import { warnOfLosses } from "./warn-durability.ts";
import { within } from "@turnpike/async/timeout";

const CONNECT_TIMEOUT_MS = 2_000;
// From the connection to the first answer.
const OPEN_TIMEOUT_MS = 5_000;
// A backstop: the producer gives up earlier, by the size of what it adds.
const COMMAND_TIMEOUT_MS = 30_000;
const MAX_RECONNECT_DELAY_MS = 2_000;

type Redirection = Pick<RedisOptions, "Connector" | "reconnectOnError">;
type Patience = Pick<RedisOptions, "enableOfflineQueue" | "maxRetriesPerRequest" | "commandTimeout">;

const options: Readonly<Record<ClientRole, Patience>> = {
  // Nothing is sent twice: what was added at the first time may have been worked off before the second.
  producer: { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: COMMAND_TIMEOUT_MS },
  consumer: { maxRetriesPerRequest: null },
};

/** Where to connect to, and as whom. */
export interface RedisPlace {
  /** Of a Redis, or of nodes of one cluster with commas between. */
  readonly redisUrl: string;
  /** What all keys begin with; on a cluster it has a hash tag, and the client is one of the node that serves its slot. */
  readonly prefix: string;
}

/**
 * Open a client. Once open it reconnects by itself; a producer's commands fail at once while it is away, a consumer's wait.
 * @throws the driver's error when Redis does not answer; AppError `queue_unavailable` when it is a cluster and the prefix has
 *   no hash tag.
 */
export async function openRedis(
  { redisUrl, prefix }: RedisPlace,
  role: ClientRole,
  log: Log,
): Promise<OpenClient> {
  const urls = splitRedisUrls(redisUrl);
  const redis =
    urls.length === 1
      ? await openSingle(urls[0], prefix, role, log)
      : await openOnCluster(urls, prefix, role, log);
  if (role === "producer") void warnOfLosses(redis, log);
  return {
    connection: redis,
    async ping() {
      await redis.ping();
    },
    close() {
      redis.disconnect();
      return Promise.resolve();
    },
  };
}

/** Of a server that turns out to be a node of a cluster, the others are asked for. */
async function openSingle(url: string, prefix: string, role: ClientRole, log: Log): Promise<Redis> {
  const redis = createClient(url, role, log, {});
  const info = await connect(redis);
  if (!/^cluster_enabled:1/m.test(info)) return redis;
  redis.disconnect();
  return openOnCluster([url], prefix, role, log);
}

async function openOnCluster(
  urls: readonly [string, ...string[]],
  prefix: string,
  role: ClientRole,
  log: Log,
): Promise<Redis> {
  if (!/\{[^}]+\}/.test(prefix)) {
    throw new AppError(
      "queue_unavailable",
      "REDIS_URL is a Redis Cluster: QUEUE_SHARDS must be 2 or more, and the same for all apps",
    );
  }
  const findMaster = createMasterFinder(urls.map(redisAddressOf), credentialsOf(urls[0]), prefix);
  const redis = createClient(urls[0], role, log, {
    Connector: createClusterConnector(findMaster),
    // The slot has moved, or a replica has taken it over: this node has done nothing of what it was told.
    reconnectOnError: (error) => error.message.startsWith("MOVED"),
  });
  await connect(redis);
  return redis;
}

function createClient(url: string, role: ClientRole, log: Log, others: Redirection): Redis {
  const redis = new Redis(url, {
    ...options[role],
    ...others,
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 10), MAX_RECONNECT_DELAY_MS),
  });
  sendTogether(redis);
  redis.on("error", (error: Error) => log.warn({ role, reason: reasonOf(error) }, "redis connection"));
  return redis;
}

/** Connect, and return what the server says of itself. */
async function connect(redis: Redis): Promise<string> {
  try {
    const answered = redis.connect().then(() => redis.info("cluster"));
    return await within(answered, OPEN_TIMEOUT_MS, () => new Error("Redis does not answer"));
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

/** Read them as the client itself does; nothing is connected. */
function credentialsOf(url: string): Credentials {
  const { username, password, tls, family } = new Redis(url, { lazyConnect: true }).options;
  return {
    ...(username && { username }),
    ...(password && { password }),
    ...(tls && { tls }),
    ...(family && { family }),
  };
}

/** Let commands that are sent in the same tick leave in one piece: one system call instead of one each, on both sides. */
function sendTogether(redis: Redis): void {
  const send = redis.sendCommand.bind(redis);
  let isCorked = false;
  redis.sendCommand = (command, stream) => {
    const socket = redis.stream as Redis["stream"] | undefined;
    if (!isCorked && socket !== undefined) {
      isCorked = true;
      socket.cork();
      process.nextTick(() => {
        isCorked = false;
        socket.uncork();
      });
    }
    return send(command, stream);
  };
}

function reasonOf(error: Error & { code?: unknown }): string {
  return typeof error.code === "string" ? error.code : error.name;
}
