import { createIORedisClient, type IRedisTransaction } from "bullmq";
import type { Redis } from "ioredis";
import type { Queue, Worker } from "bullmq";
import type { QueuedJob } from "../../job/queued-job.ts";
import type { AddOptions } from "../backend.ts";
import { toJobJson } from "../../bullmq/to-bullmq-job.ts";
import { letGoOfBodies } from "./drop-command-args.ts";
import { loadKey, payloadsKey, registerKeys } from "./redis-ledger.ts";
import { ENTER } from "./scripts.ts";

/** Add jobs in one MULTI. Redis refuses it as a whole when it is out of memory or must not be written to. */
export async function addToRedis(
  { redis, queue }: { readonly redis: Redis; readonly queue: Queue | Worker },
  prefix: string,
  jobs: readonly QueuedJob[],
  { counts, signal }: AddOptions,
): Promise<void> {
  const bullmq = queue.backend;
  const multi = createIORedisClient(redis).multi();
  const transaction = multi as unknown as IRedisTransaction;
  // Scripts alone would only be refused one by one when memory runs out; this one refuses all of them.
  multi.hincrby(loadKey(prefix), "jobs", 0);
  for (const job of jobs) {
    for (const { jobId, payload } of job.turns)
      if (payload !== undefined) multi.hsetnx(payloadsKey(prefix), jobId, payload);
    await bullmq.addJobToTransaction(transaction, toJobJson(queue, job), job.jobId);
  }
  const keys = registerKeys(prefix);
  const entries = jobs.flatMap(({ jobId: carrier, turns }) =>
    turns.flatMap(({ jobId, orgId, bytes, acceptedMs }) => [
      jobId,
      orgId,
      bytes,
      acceptedMs,
      carrier === jobId ? "" : carrier,
    ]),
  );
  multi.eval(ENTER, keys.length, ...keys, counts ? "1" : "0", ...entries);
  signal.throwIfAborted();
  const results = (await multi.exec()) ?? [];
  if (results.length === 0) throw new Error("the transaction was discarded");
  letGoOfBodies(multi);
  for (const [error] of results) {
    if (error === null) continue;
    // Somebody flushed the scripts; the client takes them for loaded as long as it is connected.
    if (error.message.startsWith("NOSCRIPT")) redis.disconnect(true);
    throw error;
  }
}
