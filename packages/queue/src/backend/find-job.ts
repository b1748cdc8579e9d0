import type { Redis } from "ioredis";
import type { Pool } from "pg";
import { INGEST_QUEUE } from "../job/payload.ts";
import type { OpenQueue } from "./queue-client.ts";

/** A job as the queue holds it. */
export interface FoundJob {
  /** BullMQ's. */
  readonly state: string;
  /** Attempts that failed. */
  readonly attempts: number;
  readonly failedReason: string | undefined;
}

/** Look for the job that a turn is in, without reading what it carries. */
export async function findJob(opened: OpenQueue, jobId: string): Promise<FoundJob | undefined> {
  const carrier = await opened.register.findCarrier(jobId);
  if (carrier === undefined) return findOne(opened, jobId);
  // It may have left the parcel in between.
  return (await findOne(opened, carrier)) ?? findOne(opened, jobId);
}

async function findOne({ backend, queue }: OpenQueue, jobId: string): Promise<FoundJob | undefined> {
  if (backend.kind === "redis") {
    const state = await queue.getJobState(jobId);
    if (state === "unknown") return undefined;
    const redis = backend.connection as Redis;
    const [attempts, failedReason] = await redis.hmget(queue.toKey(jobId), "atm", "failedReason");
    return { state, attempts: Number(attempts ?? 0), failedReason: failedReason ?? undefined };
  }
  const { rows } = await (backend.connection as Pool).query<{
    state: string;
    attempts: number;
    reason: string | null;
  }>(
    "SELECT state, attempts_made AS attempts, failed_reason AS reason FROM bullmq.job WHERE queue = $1 AND id = $2",
    [INGEST_QUEUE, jobId],
  );
  const [row] = rows;
  return row && { state: row.state, attempts: row.attempts, failedReason: row.reason ?? undefined };
}
