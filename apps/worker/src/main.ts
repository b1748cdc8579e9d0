/** The worker app as a process of its own; operators run as many as they need. */
import { setFlagsFromString } from "node:v8";
import { endAppOnFault } from "@turnpike/kit/process/end-on-fault";
import { loadConfig } from "@turnpike/kit/process/load-config";
import { createLogger } from "@turnpike/kit/process/logger";
import { onShutdown } from "@turnpike/kit/process/shutdown";
import { createDeadLetters } from "@turnpike/store/dead-letters/dead-letters";
import { createPostgresStore } from "@turnpike/store/ingest/postgres-store";
import { createQueueMarkers } from "@turnpike/store/marker/queue-markers";
import { createWakePublisher } from "@turnpike/wake/publisher";
import { WorkerConfig } from "./config.ts";
import { startWorker } from "./start.ts";

endAppOnFault("worker");

// By itself V8 lets what lives grow nearly threefold before it looks for garbage, and takes up to a fifth more memory; the less it may
// grow, the more often turns wait for a collection (decision 39).
setFlagsFromString("--heap-growing-percent=140");

// Few turns are dead.
const DEAD_LETTER_POOL = 2;

const config = loadConfig(WorkerConfig, process.env);
const logger = createLogger({ level: config.LOG_LEVEL, name: "worker" });
const store = createPostgresStore({ url: config.DATABASE_URL, maxConnections: config.DATABASE_POOL });
const wakes = createWakePublisher({
  redisUrl: config.REDIS_URL,
  databaseUrl: config.DATABASE_URL,
  prefix: config.QUEUE_PREFIX,
  log: logger,
});
const deadLetters = createDeadLetters({ url: config.DATABASE_URL, maxConnections: DEAD_LETTER_POOL });
const markers = createQueueMarkers(config.DATABASE_URL);
const starting = startWorker({
  config,
  marker: { database: markers, mayWrite: true },
  store,
  deadLetters,
  wakes,
  logger,
  // Nothing that hangs is waited for: what was not finished runs again elsewhere.
  onWedged: () => process.exit(1),
});

// Before the app says that it listens: the signal may come right after it.
onShutdown({
  logger,
  deadlineMs: config.SHUTDOWN_DEADLINE_MS,
  steps: [
    { name: "worker", run: async (deadlineMs) => (await starting).close(deadlineMs) },
    { name: "wake-ups", run: () => wakes.close() },
    { name: "dead letters", run: () => deadLetters.close() },
    { name: "queue marker", run: () => markers.close() },
    { name: "store", run: () => store.close() },
  ],
});

await starting;
