/**
 * Take `REDIS_URL` apart: one URL, or those of several nodes of one cluster with commas between. A comma inside of a password
 * does not end a URL.
 */
export function splitRedisUrls(redisUrl: string): [first: string, ...others: string[]] {
  const [first = "", ...others] = redisUrl.split(/\s*,\s*(?=rediss?:\/\/)/);
  return [first, ...others];
}

const DEFAULT_PORT = 6_379;

/** Where the server of a Redis URL listens. */
export function redisAddressOf(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? DEFAULT_PORT : Number(port) };
}
