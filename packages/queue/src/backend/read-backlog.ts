import type { Redis } from "ioredis";
import type { Pool } from "pg";
import type { OpenBackend } from "./backend.ts";
import { INGEST_QUEUE } from "../job/payload.ts";

// A delayed job that is due for so long should have been taken by somebody.
const OVERDUE_MS = 5_000;

// How BullMQ keeps the time in the score of a delayed job.
const SCORE_PER_MS = 0x1000;

/** Whether there is work, as whoever watches a worker wants to know it. */
export interface Backlog {
  /** A job is there that a worker could take right now; never of a paused queue. */
  readonly isWaiting: boolean;
  /** No job is there that is waiting, running or to be tried again. */
  readonly isEmpty: boolean;
}

/** Look at the ends of lists and indexes: the cost does not depend on how many jobs there are. */
export async function readBacklog(
  { kind, connection }: Pick<OpenBackend, "kind" | "connection">,
  prefix: string,
  serverNowMs: number,
): Promise<Backlog> {
  const dueBefore = Math.round(serverNowMs) - OVERDUE_MS;
  if (kind === "redis") return readOnRedis(connection as Redis, `${prefix}:${INGEST_QUEUE}`, dueBefore);
  const { rows } = await (connection as Pool).query<Backlog>(
    `SELECT (s.waits OR EXISTS (SELECT FROM job WHERE queue = $1 AND state = 'delayed' AND process_at_ms < $2::bigint))
            AND NOT EXISTS (SELECT FROM meta WHERE queue = $1 AND field = 'paused' AND value = '1') AS "isWaiting",
            NOT (s.waits OR s.is_delayed OR s.runs) AS "isEmpty"
     FROM (SELECT EXISTS (SELECT FROM job WHERE queue = $1 AND state = 'waiting') AS waits,
                  EXISTS (SELECT FROM job WHERE queue = $1 AND state = 'delayed') AS is_delayed,
                  EXISTS (SELECT FROM job WHERE queue = $1 AND state = 'active') AS runs) AS s`,
    [INGEST_QUEUE, dueBefore],
  );
  return rows[0] ?? { isWaiting: false, isEmpty: true };
}

async function readOnRedis(redis: Redis, keys: string, dueBefore: number): Promise<Backlog> {
  const [waiting, prioritized, delayed, running, overdue, isPaused] = await Promise.all([
    redis.llen(`${keys}:wait`),
    redis.zcard(`${keys}:prioritized`),
    redis.zcard(`${keys}:delayed`),
    redis.llen(`${keys}:active`),
    redis.zcount(`${keys}:delayed`, 0, dueBefore * SCORE_PER_MS),
    redis.hexists(`${keys}:meta`, "paused"),
  ]);
  return {
    isWaiting: isPaused === 0 && waiting + prioritized + overdue > 0,
    isEmpty: waiting + prioritized + delayed + running === 0,
  };
}
