import type { Logger } from "@turnpike/kit/logger";
import { createRegistry } from "@turnpike/kit/metrics";
import { serve } from "@turnpike/kit/serve";
import type { PostgresStore } from "@turnpike/store/postgres-store";
import type { WakePublisher } from "@turnpike/wake/publisher";
import { createWorkerApp } from "./app.ts";
import type { WorkerConfig } from "./config.ts";
import { createWorker } from "./worker.ts";

/** A running worker with its health routes. */
export interface RunningWorker {
  readonly url: string;
  /** Take no more jobs and wait for the running ones: true when all ended within the deadline. */
  close(deadlineMs: number): Promise<boolean>;
}

// Health routes answer until the last job has ended; then they have nothing left to wait for.
const HTTP_CLOSE_DEADLINE_MS = 500;

/**
 * Start a worker. It owns neither the store nor the publisher of wake-ups: whoever made them closes them, after the worker.
 * @throws Error when the port of the health routes cannot be had.
 */
export async function startWorker(options: {
  readonly config: Pick<
    WorkerConfig,
    "DATABASE_URL" | "REDIS_URL" | "QUEUE_PREFIX" | "CONCURRENCY" | "PORT" | "HOST"
  >;
  readonly store: PostgresStore;
  readonly wakes: Pick<WakePublisher, "publish">;
  readonly logger: Logger;
}): Promise<RunningWorker> {
  const { config, store, wakes, logger } = options;
  let isStopping = false;
  const registry = createRegistry("worker");
  const consumer = createWorker({
    store,
    wakes,
    queue: { redisUrl: config.REDIS_URL, databaseUrl: config.DATABASE_URL, prefix: config.QUEUE_PREFIX },
    concurrency: config.CONCURRENCY,
    logger,
    registry,
  });
  const app = createWorkerApp({
    logger,
    registry,
    pings: { queue: () => consumer.ping(), store: () => store.ping() },
    isStopping: () => isStopping,
  });
  const server = await serve({ app, port: config.PORT, host: config.HOST });
  logger.info(
    { event: "worker_started", url: server.url, concurrency: config.CONCURRENCY },
    "worker is running",
  );
  return {
    url: server.url,
    async close(deadlineMs) {
      isStopping = true;
      const drained = await consumer.drain(Math.max(0, deadlineMs - HTTP_CLOSE_DEADLINE_MS));
      await server.close(HTTP_CLOSE_DEADLINE_MS);
      return drained;
    },
  };
}
