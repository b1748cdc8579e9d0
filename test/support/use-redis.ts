import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll } from "vitest";
import { startRedis, type TestRedis } from "./start-redis.ts";

/** A Redis that nobody else uses, with the settings of production. */
export interface OwnRedis {
  readonly url: string;
  /** A connection that may change its settings. */
  readonly admin: Redis;
}

/** Start one for the suite it is called in. */
export function useRedis(): () => OwnRedis {
  let redis: TestRedis | undefined;
  let own: OwnRedis | undefined;
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "turnpike-redis-"));
    redis = await startRedis(folder);
    if (redis !== undefined) own = { url: redis.url, admin: new Redis(redis.url) };
  });
  afterAll(async () => {
    own?.admin.disconnect();
    await redis?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return () => {
    if (own === undefined) throw new Error("the Redis is used before its tests run, or is not installed");
    return own;
  };
}
