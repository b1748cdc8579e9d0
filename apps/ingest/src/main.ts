/** The ingest app as a process of its own. */
import { setFlagsFromString } from "node:v8";
import { endAppOnFault } from "@turnpike/kit/process/end-on-fault";
import { loadConfig } from "@turnpike/kit/process/load-config";
import { createLogger } from "@turnpike/kit/process/logger";
import { onShutdown } from "@turnpike/kit/process/shutdown";
import { createProducer } from "@turnpike/queue/producer/producer";
import { createQueueMarkers } from "@turnpike/store/marker/queue-markers";
import { IngestConfig } from "./config.ts";
import { queueOptionsOf } from "./queue-options.ts";
import { startIngest } from "./start.ts";

endAppOnFault("ingest");

// V8 counts what buffers take as growth of its heap, which is small here: by itself it looked for garbage three times a second at 450
// turns of 35 kB, each time for 60 ms (decision 31).
setFlagsFromString("--heap-growing-percent=200");

const config = loadConfig(IngestConfig, process.env);
const logger = createLogger({ level: config.LOG_LEVEL, name: "ingest" });
// With the queue on Redis it needs no database; where it is told of one, it asks it which queue is the right one.
const markers = config.DATABASE_URL === undefined ? undefined : createQueueMarkers(config.DATABASE_URL);
const marker = markers && { database: markers, mayWrite: config.REDIS_URL === undefined };
const queue = createProducer({ ...queueOptionsOf(config), marker, log: logger });
const starting = startIngest({ config, queue, logger });

// Before the app says that it listens: the signal may come right after it.
onShutdown({
  logger,
  deadlineMs: config.SHUTDOWN_DEADLINE_MS,
  steps: [
    { name: "http", run: async (deadlineMs) => (await starting).close(deadlineMs) },
    { name: "queue", run: () => queue.close() },
    { name: "queue marker", run: async () => markers?.close() },
  ],
});

await starting;
