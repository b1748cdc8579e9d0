import type { Log } from "@turnpike/domain/ports";
import { Redis, type RedisOptions } from "ioredis";
import type { ClientRole, OpenClient } from "./backend.ts";
import { within } from "./within.ts";

const CONNECT_TIMEOUT_MS = 2_000;
// From the connection to the first answer.
const OPEN_TIMEOUT_MS = 5_000;
// A backstop: the producer gives up earlier, by the size of what it adds.
const COMMAND_TIMEOUT_MS = 30_000;
const MAX_RECONNECT_DELAY_MS = 2_000;

type Patience = Pick<RedisOptions, "enableOfflineQueue" | "maxRetriesPerRequest" | "commandTimeout">;

const options: Readonly<Record<ClientRole, Patience>> = {
  // Nothing is sent twice: what was added at the first time may have been worked off before the second.
  producer: { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: COMMAND_TIMEOUT_MS },
  consumer: { maxRetriesPerRequest: null },
};

/**
 * Open a client. Once open it reconnects by itself; a producer's commands fail at once while it is away, a consumer's wait.
 * @throws the driver's error when Redis does not answer.
 */
export async function openRedis(url: string, role: ClientRole, log: Log): Promise<OpenClient> {
  const redis = new Redis(url, {
    ...options[role],
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 10), MAX_RECONNECT_DELAY_MS),
  });
  sendTogether(redis);
  redis.on("error", (error: Error) => log.warn({ role, reason: reasonOf(error) }, "redis connection"));
  try {
    const answered = redis.connect().then(() => redis.ping());
    await within(answered, OPEN_TIMEOUT_MS, () => new Error("Redis does not answer"));
  } catch (error) {
    redis.disconnect();
    throw error;
  }
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
