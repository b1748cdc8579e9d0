/** The variables that several apps read, each with the rule that an operator is told when it is broken. */
import { splitRedisUrls } from "@turnpike/domain/split-redis-urls";
import { z } from "zod";
import { hostNameOf } from "../http/known-hosts.ts";
import { logLevels } from "./logger.ts";

/** A `postgres://` URL. */
export const databaseUrl = z
  .url({ protocol: /^postgres(ql)?$/, error: "must be a postgres:// URL" })
  .refine(isPostgresUrl, "must be a postgres:// URL, with %25 for each % of a name or password");

/** What the drivers take: they throw, or connect to anywhere, when it is not. */
function isPostgresUrl(url: string): boolean {
  try {
    const { username, password, pathname } = new URL(url);
    [username, password, pathname].forEach((part) => decodeURIComponent(part));
    return url.includes("://");
  } catch {
    return false;
  }
}

/** How far a read replica may be behind before it is not asked any more. */
export const maxReplicaLagMs = z.coerce.number().int().min(100).max(600_000).default(10_000);

/** A `redis://` URL, or those of several nodes of one Redis Cluster with commas between. */
export const redisUrl = z
  .string()
  .refine(
    (urls) => splitRedisUrls(urls).every(isRedisUrl),
    "must be a redis:// or rediss:// URL, or those of several nodes of a cluster with commas between",
  );

function isRedisUrl(url: string): boolean {
  return URL.canParse(url) && /^rediss?:$/.test(new URL(url).protocol);
}

/** Into how many queues on Redis the work is divided. */
export const queueShards = z.coerce.number().int().min(1).max(256).default(1);

/** The rule of `QUEUE_SHARDS`, for `.refine(...shardsNeedRedis)` of a schema that has it. */
export const shardsNeedRedis = [
  (config: { readonly QUEUE_SHARDS?: unknown; readonly REDIS_URL?: unknown }): boolean =>
    config.REDIS_URL !== undefined || !(Number(config.QUEUE_SHARDS) > 1),
  {
    path: ["QUEUE_SHARDS"],
    error: "must be 1 without REDIS_URL: there are no shards in the database",
    // Also when another variable is bad: all are named at once.
    when: () => true,
  },
] as const satisfies readonly [unknown, { path: string[]; error: string; when: () => boolean }];

/** The namespace of the queue's keys on Redis. */
export const queuePrefix = z
  .string()
  .regex(/^[\w.-]{1,64}$/, "must be 1 to 64 letters, digits, _, . or -")
  .default("turnpike");

/** How much is logged. */
export const logLevel = z.enum(logLevels).default("info");

/** A TCP port; 0 takes any free one. */
export const port = z.coerce.number().int().min(0).max(65_535);

/** All interfaces, as a container needs it; 127.0.0.1 where only this machine may connect. */
export const host = z.string().default("0.0.0.0");

/** Host names with commas between, by which clients may reach an app beside those of this machine. */
export const allowedHosts = z
  .string()
  .default("")
  .transform((names) =>
    names
      .split(",")
      .map((name) => name.trim().toLowerCase())
      .filter((name) => name !== ""),
  )
  .refine(
    (names) => names.every((name) => hostNameOf(name) === name),
    "must be host names with commas between, without schemes and ports",
  );

/** From the signal to the exit. */
export const shutdownDeadlineMs = z.coerce.number().int().min(0).max(600_000).default(20_000);
