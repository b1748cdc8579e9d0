import type { DeadLetterStore } from "@turnpike/domain/ports/ports";
import type { Logger } from "@turnpike/kit/process/logger";
import { createRegistry } from "@turnpike/kit/process/metrics";
import { serve } from "@turnpike/kit/http/serve";
import type { MarkerOptions } from "@turnpike/queue/marker/watch-marker";
import type { PostgresStore } from "@turnpike/store/ingest/postgres-store";
import type { WakePublisher } from "@turnpike/wake/publisher";
import { createWorkerApp } from "./app.ts";
import { cleanUp, type CleanUpDeps } from "./clean-up.ts";
import type { WorkerConfig } from "./config.ts";
import { addConsumerMetrics } from "./consumer-metrics.ts";
import { repeatEvery } from "./repeat-every.ts";
import { createWatchdog } from "./watchdog.ts";
import { createWorker } from "./worker.ts";

/** A running worker with its health routes. */
export interface RunningWorker {
  readonly url: string;
  /**
   * Take no more jobs, wait for the running ones, and give back what has not ended in time: true when every job has ended or
   * was given back.
   */
  close(deadlineMs: number): Promise<boolean>;
}

// Health routes answer until the last job has ended; then they have nothing left to wait for.
const HTTP_CLOSE_DEADLINE_MS = 500;
const CLEAN_UP_INTERVAL_MS = 30_000;
// Of the time after which something is done about it.
const LOOKS_PER_TIMEOUT = 12;

/**
 * Start a worker. It owns neither the stores nor the publisher of wake-ups: whoever made them closes them, after the worker.
 * @throws Error when the port of the health routes cannot be had.
 */
export async function startWorker(options: {
  readonly config: Pick<
    WorkerConfig,
    | "DATABASE_URL"
    | "REDIS_URL"
    | "QUEUE_PREFIX"
    | "QUEUE_SHARDS"
    | "CONCURRENCY"
    | "PROGRESS_TIMEOUT_MS"
    | "PORT"
    | "HOST"
    | "ALLOWED_HOSTS"
  > &
    Partial<Pick<WorkerConfig, "RETRY_MAX_DELAY_MS">>;
  readonly store: PostgresStore;
  readonly deadLetters: DeadLetterStore & CleanUpDeps["deadLetters"];
  readonly wakes: Pick<WakePublisher, "publish">;
  readonly marker: MarkerOptions;
  readonly logger: Logger;
  /** Called when there is work and nothing helps to get it done: end the process. */
  readonly onWedged: () => void;
}): Promise<RunningWorker> {
  const { config, store, deadLetters, wakes, marker, logger, onWedged } = options;
  let isStopping = false;
  const registry = createRegistry("worker");
  const consumer = createWorker({
    store,
    deadLetters,
    wakes,
    queue: {
      redisUrl: config.REDIS_URL,
      databaseUrl: config.DATABASE_URL,
      prefix: config.QUEUE_PREFIX,
      shards: config.QUEUE_SHARDS,
    },
    marker,
    concurrency: config.CONCURRENCY,
    maxRetryDelayMs: config.RETRY_MAX_DELAY_MS,
    logger,
    registry,
  });
  const { shards } = consumer;
  // One for each shard: that others get their work done says nothing of it.
  const watchdogs = shards.map((shard, number) =>
    createWatchdog({
      timeoutMs: config.PROGRESS_TIMEOUT_MS,
      activity: () => shard.activity(),
      readBacklog: () => shard.readBacklog(),
      async rebuild({ isQueueAway }) {
        // The others go on storing while one shard is away.
        if (shards.length === 1 || !isQueueAway) store.reopen();
        await shard.reopen();
      },
      giveUp: onWedged,
      log: shards.length === 1 ? logger : logger.child({ shard: number }),
    }),
  );
  addConsumerMetrics(registry, {
    activity: () => consumer.activity(),
    msSinceProgress: () => Math.max(...watchdogs.map((watchdog) => watchdog.msSinceProgress())),
  });
  const app = createWorkerApp({
    logger,
    registry,
    pings: { queue: () => consumer.ping(), store: () => store.ping() },
    isStopping: () => isStopping,
  });
  const server = await serve({
    app,
    port: config.PORT,
    host: config.HOST,
    allowedHosts: config.ALLOWED_HOSTS,
  });
  const duties = [
    ...watchdogs.map((watchdog) =>
      repeatEvery(config.PROGRESS_TIMEOUT_MS / LOOKS_PER_TIMEOUT, () => watchdog.look()),
    ),
    repeatEvery(CLEAN_UP_INTERVAL_MS, async () => {
      await cleanUp({ consumer, deadLetters, log: logger });
    }),
  ];
  logger.info(
    { event: "worker_started", url: server.url, concurrency: config.CONCURRENCY },
    "worker is running",
  );
  return {
    url: server.url,
    async close(deadlineMs) {
      isStopping = true;
      for (const duty of duties) duty.stop();
      const drained = await consumer.drain(Math.max(0, deadlineMs - HTTP_CLOSE_DEADLINE_MS));
      await server.close(HTTP_CLOSE_DEADLINE_MS);
      return drained;
    },
  };
}
