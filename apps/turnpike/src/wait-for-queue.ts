import { setTimeout as sleep } from "node:timers/promises";
import { isAppError } from "@turnpike/domain/errors";
import type { TurnQueue } from "@turnpike/domain/ports/ports";
import { splitRedisUrls } from "@turnpike/domain/split-redis-urls";

const PATIENCE_MS = 10_000;
const RETRY_MS = 100;

/**
 * Wait until the queue answers.
 * @throws Error when it does not within ten seconds; it names the host, never a password. At once when it is not the queue of the
 *   database, with what is to be done.
 */
export async function waitForQueue(
  queue: Pick<TurnQueue, "ping">,
  redisUrl: string | undefined,
): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await queue.ping();
    } catch (cause) {
      // It answers, and is not the right one.
      if (isAppError(cause) && cause.isPublic) throw new Error(cause.message, { cause });
      if (performance.now() > deadline) {
        const where = redisUrl === undefined ? "the database" : `Redis at ${hostsOf(redisUrl)} (REDIS_URL)`;
        throw new Error(`the queue does not answer: is ${where} up?`, { cause });
      }
      await sleep(RETRY_MS);
    }
  }
}

function hostsOf(redisUrl: string): string {
  return splitRedisUrls(redisUrl)
    .map((url) => new URL(url).host)
    .join(", ");
}
