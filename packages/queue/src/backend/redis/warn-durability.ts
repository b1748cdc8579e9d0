import type { Log } from "@turnpike/domain/ports/ports";
import type { Redis } from "ioredis";

// Of Redis, with what a 202 asks for and what anything else may cost. BullMQ warns of `maxmemory-policy` itself.
const settings = [
  { setting: "appendonly", wanted: "yes", loss: "Redis loses accepted turns when it ends" },
  { setting: "appendfsync", wanted: "always", loss: "Redis may lose accepted turns when it crashes" },
] as const;

/** Warn of settings under which Redis may lose what it has accepted. One that does not tell its settings is taken at its word. */
export async function warnOfLosses(redis: Redis, log: Log): Promise<void> {
  for (const { setting, wanted, loss } of settings) {
    const [, value] = (await redis.config("GET", setting).catch(() => [])) as string[];
    if (value !== undefined && value !== wanted) log.warn({ setting, value, wanted }, loss);
  }
}
