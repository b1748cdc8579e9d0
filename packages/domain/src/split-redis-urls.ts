/**
 * Take `REDIS_URL` apart: one URL, or those of several nodes of one cluster with commas between. A comma inside of a password
 * does not end a URL.
 */
export function splitRedisUrls(redisUrl: string): [first: string, ...others: string[]] {
  const [first = "", ...others] = redisUrl.split(/\s*,\s*(?=rediss?:\/\/)/);
  return [first, ...others];
}
