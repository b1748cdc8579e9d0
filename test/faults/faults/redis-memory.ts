import { Redis } from "ioredis";
import type { Rig } from "../rig/rig.ts";
import { waitUntil } from "../../support/wait-until.ts";
import type { Fault } from "./fault.ts";

/** Redis has less memory than it uses: with `noeviction` every write is refused. */
export const fillRedis: Fault = {
  name: "Redis is out of memory",
  backend: "redis",
  async begin(rig) {
    await setMaxMemory(rig, "1mb");
    return () => setMaxMemory(rig, "0");
  },
};

async function setMaxMemory(rig: Rig, size: string): Promise<void> {
  // Another fault may hold the server just now.
  await waitUntil(
    async () => {
      const redis = new Redis(rig.redis?.url() ?? "", {
        lazyConnect: true,
        retryStrategy: () => null,
        commandTimeout: 2_000,
        connectTimeout: 2_000,
      });
      redis.on("error", () => {});
      try {
        await redis.connect();
        return await redis.config("SET", "maxmemory", size);
      } finally {
        redis.disconnect();
      }
    },
    { what: `Redis takes maxmemory ${size}`, timeoutMs: 60_000 },
  );
}
