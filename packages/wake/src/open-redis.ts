import { redisAddressOf, splitRedisUrls } from "@turnpike/domain/split-redis-urls";
import { Redis, type RedisOptions } from "ioredis";

const CONNECT_TIMEOUT_MS = 2_000;

/**
 * Open a client for publishing and subscribing, which any node of a cluster does for all of it: of several nodes, each connection
 * that is lost is made again to the next one.
 */
export function openRedis(
  redisUrl: string,
  {
    reconnectMs,
    ...options
  }: Pick<RedisOptions, "lazyConnect" | "enableOfflineQueue" | "maxRetriesPerRequest"> & {
    readonly reconnectMs: number;
  },
): Redis {
  const urls = splitRedisUrls(redisUrl);
  let current = 0;
  const redis = new Redis(urls[0], {
    ...options,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy() {
      current = (current + 1) % urls.length;
      // Read by the client when it connects again.
      Object.assign(redis.options, redisAddressOf(urls[current] ?? urls[0]));
      return reconnectMs;
    },
  });
  return redis;
}
