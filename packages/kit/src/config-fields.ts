/** The variables that several apps read, each with the rule that an operator is told when it is broken. */
import { z } from "zod";
import { logLevels } from "./logger.ts";

/** A `postgres://` URL. */
export const databaseUrl = z.url({ protocol: /^postgres(ql)?$/, error: "must be a postgres:// URL" });

/** How far a read replica may be behind before it is not asked any more. */
export const maxReplicaLagMs = z.coerce.number().int().min(100).max(600_000).default(10_000);

/** A `redis://` URL. */
export const redisUrl = z.url({ protocol: /^rediss?$/, error: "must be a redis:// or rediss:// URL" });

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

/** From the signal to the exit. */
export const shutdownDeadlineMs = z.coerce.number().int().min(0).max(600_000).default(20_000);
