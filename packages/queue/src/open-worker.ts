import type { Log } from "@turnpike/domain/ports";
import { traceOf } from "@turnpike/domain/trace-of";
import type { Job, Worker } from "bullmq";
import { openBackend, type OpenBackend, type QueueLocation } from "./backend.ts";
import { INGEST_QUEUE } from "./catalog.ts";
import { restOnError } from "./rest-on-error.ts";
import { backoffMs } from "./retry-policy.ts";
import { type JobHandlers, runJob } from "./run-job.ts";
import { within } from "./within.ts";

// A worker that died is noticed after this; one that lives renews its lock at half of it.
const LOCK_DURATION_MS = 15_000;
const STALLED_CHECK_INTERVAL_MS = 5_000;
// A stall says that a process died or was paused, not that the turn is bad: never a reason to give it up.
const MAX_STALLED_COUNT = 1_000;
const READY_TIMEOUT_MS = 10_000;
const RECONNECT_DELAY_MS = 1_000;

/** How to open a worker. */
export interface WorkerOptions extends QueueLocation {
  readonly concurrency: number;
  readonly handlers: JobHandlers;
  readonly log: Log;
}

/** A worker with the connections behind it. */
export interface OpenWorker {
  readonly worker: Worker;
  readonly backend: OpenBackend;
}

/**
 * Open a worker that has connected and takes no jobs yet. BullMQ keeps the failure of a first connection for ever: on the
 * Postgres backend a worker that runs regardless never wakes, or blocks its process.
 * @throws the driver's error when the queue is away; nothing is left open.
 */
export async function openWorker(options: WorkerOptions): Promise<OpenWorker> {
  const { log, handlers } = options;
  const backend = await openBackend(options, "consumer", log);
  const process = (job: Job): Promise<void> => runJob(job, handlers);
  const worker = new backend.classes.Worker(INGEST_QUEUE, process, {
    connection: backend.connection,
    prefix: options.prefix,
    autorun: false,
    concurrency: options.concurrency,
    lockDuration: LOCK_DURATION_MS,
    stalledInterval: STALLED_CHECK_INTERVAL_MS,
    maxStalledCount: MAX_STALLED_COUNT,
    runRetryDelay: RECONNECT_DELAY_MS,
    removeOnComplete: { count: 0 },
    settings: { backoffStrategy: (attemptsMade) => backoffMs(attemptsMade) },
  }) as unknown as Worker;
  worker.on("error", (error) => log.warn({ reason: error.name }, "worker"));
  worker.on("failed", (job, error) =>
    log.warn(
      { jobId: job?.id, attempt: job?.attemptsMade, reason: error.message, at: traceOf(error.cause) },
      "job failed",
    ),
  );
  try {
    await within(
      worker.waitUntilReady(),
      READY_TIMEOUT_MS,
      () => new Error("the worker did not become ready"),
    );
  } catch (error) {
    await closeWorker({ worker, backend });
    throw error;
  }
  return { worker, backend };
}

/** Take jobs until the worker is closed. */
export function startWorker({ worker }: OpenWorker): void {
  restOnError(worker);
  worker.run().catch((error: unknown) => worker.emit("error", error as Error));
}

/** Give up the connections, whatever still runs on them. */
export async function closeWorker({ worker, backend }: OpenWorker): Promise<void> {
  // First the connection on which the worker listens: a pool would wait for it to come back.
  await worker.disconnect().catch(() => {});
  await backend.close();
}
