/** The timeline app as a process of its own. */
import { loadConfig } from "@turnpike/kit/load-config";
import { createLogger } from "@turnpike/kit/logger";
import { onShutdown } from "@turnpike/kit/shutdown";
import { createReceiptFinder } from "@turnpike/queue/receipt-finder";
import { createPostgresEditor } from "@turnpike/store/postgres-editor";
import { createPostgresReader } from "@turnpike/store/postgres-reader";
import { subscribeToWakes } from "@turnpike/wake/subscriber";
import { TimelineConfig } from "./config.ts";
import { startTimeline } from "./start.ts";

const config = loadConfig(TimelineConfig, process.env);
const logger = createLogger({ level: config.LOG_LEVEL, name: "timeline" });
const reader = createPostgresReader({ url: config.DATABASE_URL, maxConnections: config.DATABASE_POOL });
const editor = createPostgresEditor({ url: config.DATABASE_URL, maxConnections: 2 });
const location = {
  redisUrl: config.REDIS_URL,
  databaseUrl: config.DATABASE_URL,
  prefix: config.QUEUE_PREFIX,
  log: logger,
};
const receiptFinder = createReceiptFinder(location);
const wakes = subscribeToWakes(location, (news) => reader.hear(news));
const timeline = await startTimeline({ config, reader, editor, receiptFinder, logger });

onShutdown({
  logger,
  deadlineMs: config.SHUTDOWN_DEADLINE_MS,
  steps: [
    { name: "http", run: (deadlineMs) => timeline.close(deadlineMs) },
    { name: "wake-ups", run: () => wakes.close() },
    { name: "queue", run: () => receiptFinder.close() },
    { name: "editor", run: () => editor.close() },
    { name: "store", run: () => reader.close() },
  ],
});
