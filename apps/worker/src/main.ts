/** The worker app as a process of its own; operators run as many as they need. */
import { loadConfig } from "@turnpike/kit/load-config";
import { createLogger } from "@turnpike/kit/logger";
import { onShutdown } from "@turnpike/kit/shutdown";
import { createPostgresStore } from "@turnpike/store/postgres-store";
import { createWakePublisher } from "@turnpike/wake/publisher";
import { WorkerConfig } from "./config.ts";
import { startWorker } from "./start.ts";

const config = loadConfig(WorkerConfig, process.env);
const logger = createLogger({ level: config.LOG_LEVEL, name: "worker" });
const store = createPostgresStore({ url: config.DATABASE_URL, maxConnections: config.DATABASE_POOL });
const wakes = createWakePublisher({
  redisUrl: config.REDIS_URL,
  databaseUrl: config.DATABASE_URL,
  prefix: config.QUEUE_PREFIX,
  log: logger,
});
const worker = await startWorker({ config, store, wakes, logger });

onShutdown({
  logger,
  deadlineMs: config.SHUTDOWN_DEADLINE_MS,
  steps: [
    { name: "worker", run: (deadlineMs) => worker.close(deadlineMs) },
    { name: "wake-ups", run: () => wakes.close() },
    { name: "store", run: () => store.close() },
  ],
});
