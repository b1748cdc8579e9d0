import type { Redis } from "ioredis";
import { INGEST_QUEUE } from "../../job/payload.ts";
import { noteShards, readNotedShards } from "./shard-note.ts";
import type { Backlog, FailedJob, QueueServer } from "../backend.ts";
import { addToRedis } from "./add-to-redis.ts";
import { createRedisRegister } from "./redis-ledger.ts";
import { createRedisNotes } from "./redis-notes.ts";

// How BullMQ keeps the time in the score of a delayed job.
const SCORE_PER_MS = 0x1000;

// Of one pipeline.
const STEP_IDS = 500;

/** What Redis does for the queue. */
export function createRedisServer(connection: unknown): QueueServer {
  const redis = connection as Redis;
  return {
    async readServerTime() {
      const [seconds, microseconds] = await redis.time();
      return Number(seconds) * 1_000 + Number(microseconds) / 1_000;
    },
    addJobs: (queue, prefix, jobs, options) => addToRedis({ redis, queue }, prefix, jobs, options),
    openRegister: (prefix) => createRedisRegister(redis, prefix),
    readBacklog: (prefix, dueBefore) => readBacklog(redis, `${prefix}:${INGEST_QUEUE}`, dueBefore),
    async findJob(queue, jobId) {
      const state = await queue.getJobState(jobId);
      if (state === "unknown") return undefined;
      const [attempts, failedReason] = await redis.hmget(queue.toKey(jobId), "atm", "failedReason");
      return { state, attempts: Number(attempts ?? 0), failedReason: failedReason ?? undefined };
    },
    async listFailedJobs(queue) {
      const ids = await redis.zrange(queue.toKey("failed"), "0", "-1");
      const jobs: FailedJob[] = [];
      for (let at = 0; at < ids.length; at += STEP_IDS) {
        const some = ids.slice(at, at + STEP_IDS);
        const reasons = await Promise.all(some.map((id) => redis.hget(queue.toKey(id), "failedReason")));
        some.forEach((id, index) => jobs.push({ id, reason: reasons[index] ?? "" }));
      }
      return jobs;
    },
    dropLists: () => Promise.resolve(),
    noteShards: (firstPrefix, shards) => noteShards(redis, firstPrefix, shards),
    readNotedShards: (firstPrefix) => readNotedShards(redis, firstPrefix),
    openNotes: (place) => createRedisNotes(redis, place),
  };
}

async function readBacklog(redis: Redis, keys: string, dueBefore: number): Promise<Backlog> {
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
