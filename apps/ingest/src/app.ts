import { createBodyHistory } from "@turnpike/domain/conversation-cache/conversation-cache";
import { AppError } from "@turnpike/domain/errors";
import { addHealthRoutes } from "@turnpike/kit/http/health-routes";
import { createHttpApp } from "@turnpike/kit/http/http-app";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { addMetricsRoutes } from "@turnpike/kit/http/metrics-routes";
import { addOpenApiRoutes } from "@turnpike/kit/http/openapi-routes";
import { createBodyMemory } from "./memory-limiter.ts";
import { createGarbageCollector } from "@turnpike/kit/process/collect-garbage";
import type { IngestDeps, RouteDeps } from "./deps.ts";
import { addLoadMetrics } from "./load-metrics.ts";
import { addIngestBatch } from "./routes/ingest-batch.ts";
import { addIngestEvents } from "./routes/ingest-events.ts";
import { addIngestTurn } from "./routes/ingest-turn.ts";
import { createEventCounters } from "./event-counters.ts";
import { createTurnCounters } from "./turn-counters.ts";

// Conversations of some 1,700 sessions of 40 messages.
const HISTORY_BYTES = 16 * 2 ** 20;

/** One line per feature. */
const routes: readonly ((app: HttpApp, deps: RouteDeps) => void)[] = [
  addIngestTurn,
  addIngestBatch,
  addIngestEvents,
  (app, deps) => addHealthRoutes(app, readinessChecks(deps)),
  (app, deps) => addMetricsRoutes(app, deps.registry),
];

/** Make the ingest app: HTTP in, validated turns and events out into the queue, nothing else. */
export function createIngestApp(deps: IngestDeps): HttpApp {
  const app = createHttpApp({ logger: deps.logger, registry: deps.registry, copiesDetailToError: true });
  const memory = createBodyMemory(deps.maxInflightBytes, createGarbageCollector());
  addLoadMetrics(deps.registry, { queue: deps.queue, memory });
  const routeDeps = {
    ...deps,
    memory,
    history: createBodyHistory({ maxBytes: HISTORY_BYTES }),
    counters: createTurnCounters(deps.registry),
    eventCounters: createEventCounters(deps.registry),
  };
  for (const addRoute of routes) addRoute(app, routeDeps);
  addOpenApiRoutes(app, {
    title: "Turnpike ingest",
    version: "1",
    description: "Takes in the turns and events of LLM agent sessions.",
  });
  return app;
}

function readinessChecks({ queue, isStopping }: IngestDeps) {
  return [
    { name: "queue", check: () => queue.ping() },
    {
      name: "shutting down",
      check: async () => {
        if (isStopping()) throw new AppError("queue_unavailable", "a stop has begun");
      },
    },
  ];
}
