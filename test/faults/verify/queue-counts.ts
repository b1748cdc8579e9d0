import type { QueueLocation } from "@turnpike/queue/backend/backend";
import { openBackend } from "@turnpike/queue/backend/open-backend";
import { INGEST_QUEUE } from "@turnpike/queue/job/payload";
import type { Rig } from "../rig/rig.ts";

/** Says nothing. */
export const silent = { info() {}, warn() {}, error() {} };

/** What is used of a queue here. */
interface RawQueue {
  getJobCounts(): Promise<Record<string, number>>;
  add(name: string, data: unknown, options: object): Promise<unknown>;
}

/** Where the rig's queue is, past every link. */
export function placeOf({ redis, postgres, queuePrefix: prefix }: Rig): QueueLocation {
  return redis === undefined ? { databaseUrl: postgres.url(), prefix } : { redisUrl: redis.url(), prefix };
}

/** Open the rig's queue past every link. */
export async function withRawQueue<T>(rig: Rig, use: (queue: RawQueue) => Promise<T>): Promise<T> {
  const backend = await openBackend(placeOf(rig), "producer", silent);
  const queue = new backend.classes.Queue(INGEST_QUEUE, {
    connection: backend.connection,
    prefix: rig.queuePrefix,
  });
  try {
    return await use(queue);
  } finally {
    await queue.close();
    await backend.close();
  }
}

/** Count the jobs that are not at their end, and those that BullMQ has given up. */
export async function countJobs(rig: Rig): Promise<{ readonly unfinished: number; readonly failed: number }> {
  const counts = await withRawQueue(rig, (queue) => queue.getJobCounts());
  const { failed = 0, completed: _completed, ...others } = counts;
  return { unfinished: Object.values(others).reduce((sum, count) => sum + count, 0), failed };
}
