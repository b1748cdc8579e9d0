import type { Log } from "@turnpike/domain/ports/ports";
import { traceOf } from "@turnpike/domain/trace-of";
import type { Job, Worker } from "bullmq";
import type { OpenBackend, QueueLocation } from "../backend/backend.ts";
import { openBackend } from "../backend/open-backend.ts";
import { INGEST_QUEUE } from "../job/payload.ts";
import { onServerClock } from "../bullmq/patch-server-clock.ts";
import { createPauses, type Pauses } from "./pause-reasons.ts";
import type { Register } from "../backend/ledger.ts";
import { restOnError } from "../bullmq/pause-on-error.ts";
import { backoffMs, MAX_ATTEMPTS } from "../job/retry-policy.ts";
import { createServerClock, type ServerClock } from "../bullmq/server-clock.ts";
import { within } from "@turnpike/async/timeout";

const LOCK_DURATION_MS = 15_000;
const CHECKS_PER_LOCK_DURATION = 3;
// Never a reason for BullMQ to fail a job: what becomes of one that stalls is for `poison-job.ts` to say.
const MAX_STALLED_COUNT = 1_000_000;
const READY_TIMEOUT_MS = 10_000;
const RECONNECT_DELAY_MS = 1_000;

/** How to open a worker. */
export interface WorkerOptions extends QueueLocation {
  readonly concurrency: number;
  /** A worker that died is noticed after this; one that lives renews its locks at half of it. Default 15 s. */
  readonly lockDurationMs?: number;
  /** The longest wait before a job is tried again. Default 30 s. */
  readonly maxRetryDelayMs?: number | undefined;
  readonly log: Log;
}

/** A worker with the connections behind it. */
export interface OpenWorker {
  readonly worker: Worker;
  readonly pauses: Pauses;
  readonly backend: OpenBackend;
  readonly clock: ServerClock;
  readonly register: Register;
}

/** Runs one job under its lock's token. */
export type ProcessJob = (job: Job, token: string, open: OpenWorker) => Promise<void>;

/**
 * Open a worker that has connected and takes no jobs yet. BullMQ keeps the failure of a first connection for ever: on the
 * Postgres backend a worker that runs regardless never wakes, or blocks its process.
 * @throws the driver's error when the queue is away; nothing is left open.
 */
export async function openWorker(options: WorkerOptions, process: ProcessJob): Promise<OpenWorker> {
  const backend = await openBackend(options, "consumer", options.log);
  let open: OpenWorker | undefined;
  try {
    const clock = await createServerClock(() => backend.readServerTime(), options.log);
    const worker = createWorker(options, backend, (...job) => process(...job, need(open)));
    const pauses = createPauses(worker);
    open = { backend, clock, worker, pauses, register: backend.openRegister(options.prefix) };
    onServerClock(open.worker.backend, clock);
    await within(
      open.worker.waitUntilReady(),
      READY_TIMEOUT_MS,
      () => new Error("the worker did not become ready"),
    );
    return open;
  } catch (error) {
    if (open === undefined) await backend.close();
    else await closeWorker(open);
    throw error;
  }
}

/** Take jobs until the worker is closed. */
export function startWorker({ worker, pauses }: OpenWorker): void {
  restOnError(worker, pauses);
  worker.run().catch((error: unknown) => worker.emit("error", error as Error));
}

/** Give up the connections, whatever still runs on them. */
export async function closeWorker({
  worker,
  backend,
}: Pick<OpenWorker, "worker" | "backend">): Promise<void> {
  // First the connection on which the worker listens: a pool would wait for it to come back.
  await worker.disconnect().catch(() => {});
  await backend.close();
}

function createWorker(
  { log, prefix, concurrency, lockDurationMs = LOCK_DURATION_MS, maxRetryDelayMs }: WorkerOptions,
  backend: OpenBackend,
  process: (job: Job, token: string) => Promise<void>,
): Worker {
  const worker = new backend.classes.Worker(
    INGEST_QUEUE,
    (job: Job, token?: string) => {
      // Whether a job is worth another attempt is for the policy to say, also of one that an older version put in with a limit.
      job.opts.attempts = MAX_ATTEMPTS;
      return process(job, token ?? "");
    },
    {
      connection: backend.connection,
      prefix,
      autorun: false,
      concurrency,
      lockDuration: lockDurationMs,
      stalledInterval: Math.ceil(lockDurationMs / CHECKS_PER_LOCK_DURATION),
      maxStalledCount: MAX_STALLED_COUNT,
      runRetryDelay: RECONNECT_DELAY_MS,
      removeOnComplete: { count: 0 },
      settings: { backoffStrategy: (attemptsMade) => backoffMs(attemptsMade, maxRetryDelayMs) },
    },
  ) as unknown as Worker;
  // The time is the server's; locks are renewed by the local clock.
  worker.on("active", (job) => {
    job.processedOn = Date.now();
  });
  worker.on("error", (error) => log.warn({ reason: error.name }, "worker"));
  worker.on("failed", (job, error) =>
    log.warn(
      { jobId: job?.id, attempt: job?.attemptsMade, reason: error.message, at: traceOf(error.cause) },
      "job failed",
    ),
  );
  return worker;
}

function need(open: OpenWorker | undefined): OpenWorker {
  if (open === undefined) throw new Error("a job came before the worker was open");
  return open;
}
