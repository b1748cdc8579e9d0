/**
 * All of Turnpike in one process: the three apps, and a Postgres of its own when there is none. What is started first is
 * stopped last, so that everything accepted is worked off as far as the deadline allows.
 */
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@turnpike/embedded/start-embedded-postgres";
import { queueOptionsOf } from "@turnpike/ingest/queue-options";
import { startIngest } from "@turnpike/ingest/start";
import type { Logger } from "@turnpike/kit/process/logger";
import type { ShutdownStep } from "@turnpike/kit/process/shutdown";
import { settleMarker } from "@turnpike/queue/marker/settle-marker";
import { createProducer } from "@turnpike/queue/producer/producer";
import { createQueueInspector } from "@turnpike/queue/inspector/queue-inspector";
import { createDeadLetters } from "@turnpike/store/dead-letters/dead-letters";
import { migrate } from "@turnpike/store/connection/migrate";
import { createPostgresEditor } from "@turnpike/store/edit/postgres-editor";
import { createPostgresReader } from "@turnpike/store/read/postgres-reader";
import { createPostgresStore } from "@turnpike/store/ingest/postgres-store";
import { createQueueMarkers } from "@turnpike/store/marker/queue-markers";
import { startTimeline } from "@turnpike/timeline/start";
import { createWakePublisher } from "@turnpike/wake/publisher";
import { subscribeToWakes } from "@turnpike/wake/subscriber";
import { startWorker } from "@turnpike/worker/start";
import type { AppConfigs } from "./app-configs.ts";
import { waitForQueue } from "./wait-for-queue.ts";

const EDIT_POOL_SIZE = 2;
const DEAD_LETTER_POOL_SIZE = 2;

/** Where and how to run. */
export interface RunAllOptions {
  readonly configs: AppConfigs;
  readonly dataDir: string;
  readonly logger: Logger;
  /** Called with a line for people when something noteworthy happens. */
  readonly say: (line: string) => void;
  /** Called when the embedded Postgres has ended and cannot be started again, with why and what to do. */
  readonly onDatabaseLost: (error: Error) => void;
}

/** A running Turnpike. */
export interface RunningAll {
  readonly ingestUrl: string;
  readonly timelineUrl: string;
  /** Where the embedded Postgres keeps its data; undefined when the database is somebody else's. */
  readonly dataDir: string | undefined;
  /** How to stop it, in order. */
  readonly stopSteps: readonly ShutdownStep[];
}

/**
 * Start everything; returns when both apps answer and the queue takes turns. What was started is stopped again when a later
 * part fails.
 * @throws Error in words for the person who typed the command.
 */
export async function runAll(options: RunAllOptions): Promise<RunningAll> {
  const steps: ShutdownStep[] = [];
  try {
    return await startParts(options, steps);
  } catch (error) {
    for (const step of steps) await Promise.resolve(step.run(5_000)).catch(() => {});
    throw error;
  }
}

async function startParts(options: RunAllOptions, steps: ShutdownStep[]): Promise<RunningAll> {
  const { logger } = options;
  const { settings } = options.configs;
  const embedded = settings.DATABASE_URL === undefined ? await startDatabase(options) : undefined;
  if (embedded) steps.unshift({ name: "postgres", run: () => embedded.stop() });
  const databaseUrl = embedded?.url ?? settings.DATABASE_URL ?? "";
  await migrate(databaseUrl).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : "unknown";
    throw new Error(
      `the database at ${new URL(databaseUrl).host} cannot be used (${reason}): is DATABASE_URL right?`,
      {
        cause,
      },
    );
  });

  const queue = {
    redisUrl: settings.REDIS_URL,
    databaseUrl,
    prefix: settings.QUEUE_PREFIX,
    shards: settings.QUEUE_SHARDS,
  };
  // Where the configurations name a database, it is this one.
  const ingestConfig = { ...options.configs.ingest, DATABASE_URL: databaseUrl };
  const workerConfig = { ...options.configs.worker, DATABASE_URL: databaseUrl };
  const timelineConfig = { ...options.configs.timeline, DATABASE_URL: databaseUrl };
  const markers = createQueueMarkers(databaseUrl);
  steps.unshift({ name: "queue marker", run: () => markers.close() });
  const marker = { database: markers, mayWrite: true };
  const verdict = await settleMarker(queue, { ...marker, patienceMs: 0 });
  if (verdict.state === "mismatch")
    throw new Error(`the queue is not the one of this database: ${verdict.detail}`);
  const store = createPostgresStore({ url: databaseUrl, maxConnections: workerConfig.DATABASE_POOL });
  steps.unshift({ name: "store", run: () => store.close() });
  const reader = createPostgresReader({
    url: databaseUrl,
    maxConnections: timelineConfig.DATABASE_POOL,
    replica: {
      url: timelineConfig.DATABASE_READ_URL,
      maxLagMs: timelineConfig.MAX_REPLICA_LAG_MS,
      log: logger,
    },
  });
  steps.unshift({ name: "reader", run: () => reader.close() });
  const editor = createPostgresEditor({
    url: databaseUrl,
    maxConnections: EDIT_POOL_SIZE,
    onEdit: (orgId) => reader.noteEdit(orgId),
  });
  steps.unshift({ name: "editor", run: () => editor.close() });
  const deadLetters = createDeadLetters({ url: databaseUrl, maxConnections: DEAD_LETTER_POOL_SIZE });
  steps.unshift({ name: "dead letters", run: () => deadLetters.close() });
  const inspector = createQueueInspector({ ...queue, marker, log: logger });
  steps.unshift({ name: "inspector", run: () => inspector.close() });
  const wakes = subscribeToWakes({ ...queue, log: logger }, (news) => reader.hear(news));
  steps.unshift({ name: "wake-ups", run: () => wakes.close() });
  const producer = createProducer({ ...queueOptionsOf(ingestConfig), marker, log: logger });
  steps.unshift({ name: "queue", run: () => producer.close() });
  await waitForQueue(producer, settings.REDIS_URL);

  const timeline = await startTimeline({
    config: timelineConfig,
    reader,
    editor,
    deadLetters,
    queue: inspector,
    replayer: producer,
    logger,
  });
  steps.unshift({ name: "timeline", run: (deadlineMs) => timeline.close(deadlineMs) });
  const publisher = createWakePublisher({ ...queue, log: logger });
  steps.unshift({ name: "publisher", run: () => publisher.close() });
  const worker = await startWorker({
    config: workerConfig,
    store,
    deadLetters,
    wakes: publisher,
    marker,
    logger,
    // The person at the keyboard sees why, and starts it again; nothing that was accepted is lost.
    onWedged: () => process.exit(1),
  });
  steps.unshift({ name: "worker", run: (deadlineMs) => worker.close(deadlineMs) });
  const ingest = await startIngest({ config: ingestConfig, queue: producer, logger });
  steps.unshift({ name: "ingest", run: (deadlineMs) => ingest.close(deadlineMs) });
  return { ingestUrl: ingest.url, timelineUrl: timeline.url, dataDir: embedded?.dataDir, stopSteps: steps };
}

function startDatabase({ dataDir, say, onDatabaseLost }: RunAllOptions): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({ dataDir: `${dataDir}/postgres`, onLog: say, onLost: onDatabaseLost });
}
