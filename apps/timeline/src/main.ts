/** The timeline app as a process of its own. */
import { endAppOnFault } from "@turnpike/kit/process/end-on-fault";
import { loadConfig } from "@turnpike/kit/process/load-config";
import { createLogger } from "@turnpike/kit/process/logger";
import { onShutdown } from "@turnpike/kit/process/shutdown";
import { createProducer } from "@turnpike/queue/producer/producer";
import { createQueueInspector } from "@turnpike/queue/inspector/queue-inspector";
import { createDeadLetters } from "@turnpike/store/dead-letters/dead-letters";
import { createPostgresEditor } from "@turnpike/store/edit/postgres-editor";
import { createPostgresReader } from "@turnpike/store/read/postgres-reader";
import { createQueueMarkers } from "@turnpike/store/marker/queue-markers";
import { subscribeToWakes } from "@turnpike/wake/subscriber";
import { TimelineConfig } from "./config.ts";
import { startTimeline } from "./start.ts";

endAppOnFault("timeline");

const config = loadConfig(TimelineConfig, process.env);
const logger = createLogger({ level: config.LOG_LEVEL, name: "timeline" });
const reader = createPostgresReader({
  url: config.DATABASE_URL,
  maxConnections: config.DATABASE_POOL,
  replica: { url: config.DATABASE_READ_URL, maxLagMs: config.MAX_REPLICA_LAG_MS, log: logger },
});
const editor = createPostgresEditor({
  url: config.DATABASE_URL,
  maxConnections: 2,
  onEdit: (orgId) => reader.noteEdit(orgId),
});
const markers = createQueueMarkers(config.DATABASE_URL);
const location = {
  redisUrl: config.REDIS_URL,
  databaseUrl: config.DATABASE_URL,
  prefix: config.QUEUE_PREFIX,
  shards: config.QUEUE_SHARDS,
  // It only looks: which queue is the right one is for those to say who work it off.
  marker: { database: markers, mayWrite: false },
  log: logger,
};
const deadLetters = createDeadLetters({ url: config.DATABASE_URL, maxConnections: 2 });
const queue = createQueueInspector(location);
const replayer = createProducer(location);
const wakes = subscribeToWakes(location, (news) => reader.hear(news));
const starting = startTimeline({ config, reader, editor, deadLetters, queue, replayer, logger });

// Before the app says that it listens: the signal may come right after it.
onShutdown({
  logger,
  deadlineMs: config.SHUTDOWN_DEADLINE_MS,
  steps: [
    { name: "http", run: async (deadlineMs) => (await starting).close(deadlineMs) },
    { name: "wake-ups", run: () => wakes.close() },
    { name: "replayer", run: () => replayer.close() },
    { name: "queue", run: () => queue.close() },
    { name: "queue marker", run: () => markers.close() },
    { name: "dead letters", run: () => deadLetters.close() },
    { name: "editor", run: () => editor.close() },
    { name: "store", run: () => reader.close() },
  ],
});

await starting;
