import { createBodyHistory } from "@turnpike/domain/conversation-cache/conversation-cache";
import { isAppError } from "@turnpike/domain/errors";
import type { DeadLetterStore, TurnStore } from "@turnpike/domain/ports/ports";
import type { Logger } from "@turnpike/kit/process/logger";
import type { Registry } from "@turnpike/kit/process/metrics";
import type { QueueLocation } from "@turnpike/queue/backend/backend";
import { INGEST_EVENTS, INGEST_TURN } from "@turnpike/queue/job/payload";
import { type Consumer, createConsumer, type JobHandler } from "@turnpike/queue/consumer/consumer";
import type { MarkerOptions } from "@turnpike/queue/marker/watch-marker";
import type { WakePublisher } from "@turnpike/wake/publisher";
import { type AttemptMetrics, createAttemptMetrics } from "./attempt-metrics.ts";
import { batchTurns } from "./batch-turns.ts";
import { createBodyCollector } from "./collect-after-bodies.ts";
import { ingestEvents } from "./jobs/ingest-events.ts";
import { ingestTurn } from "./jobs/ingest-turn.ts";
import { noteSuccesses } from "./note-successes.ts";

// More lanes wait for the same rows, and for the same disk.
const BATCHES = { lanes: 2, patienceMs: 60, maxTurns: 64, restMs: 20 } as const;
// Conversations of some 650 sessions of 40 messages.
const BODY_HISTORY_BYTES = 6 * 2 ** 20;

/** What a worker is made of. It owns none of it. */
export interface WorkerDeps {
  readonly store: TurnStore;
  readonly deadLetters: DeadLetterStore;
  readonly wakes: Pick<WakePublisher, "publish">;
  readonly queue: QueueLocation;
  /** Without it jobs are taken of whatever queue this is. */
  readonly marker?: MarkerOptions;
  readonly concurrency: number;
  /** The longest wait before a turn is tried again. */
  readonly maxRetryDelayMs?: number | undefined;
  readonly logger: Logger;
  readonly registry: Registry;
}

/** Start taking jobs out of the queue and into the store. One line per job. */
export function createWorker(worker: WorkerDeps): Consumer {
  const { store, deadLetters, wakes, queue, marker, concurrency, maxRetryDelayMs, logger, registry } = worker;
  const deps = {
    // Outermost: each call is of one turn then, with a result of its own.
    store: noteSuccesses(
      store.capability === "sessions" ? batchTurns(store, { ...BATCHES, mostTurns: concurrency }) : store,
    ),
    history: createBodyHistory({ maxBytes: BODY_HISTORY_BYTES }),
    wakes,
    log: logger,
  };
  const turnMetrics = createAttemptMetrics(registry, { metric: "turn", what: "a turn" });
  const eventsMetrics = createAttemptMetrics(registry, { metric: "events", what: "a post of events" });
  return createConsumer({
    ...queue,
    ...(marker && { marker }),
    concurrency,
    maxRetryDelayMs,
    deadLetters,
    onBodyDone: createBodyCollector(),
    log: logger,
    handlers: {
      [INGEST_TURN]: measured(turnMetrics, (turn) => ingestTurn(deps, turn)),
      [INGEST_EVENTS]: measured(eventsMetrics, (post) => ingestEvents(deps, post)),
    },
  });
}

function measured(
  metrics: AttemptMetrics,
  run: (accepted: Parameters<JobHandler>[0]) => Promise<string>,
): JobHandler {
  return async (accepted) => {
    const started = performance.now();
    try {
      const outcome = await run(accepted);
      metrics.finished(outcome, performance.now() - started);
    } catch (error) {
      metrics.finished(isAppError(error) ? error.code : "internal", performance.now() - started);
      throw error;
    }
  };
}
