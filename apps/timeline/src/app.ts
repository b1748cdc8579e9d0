import { AppError } from "@turnpike/domain/errors";
import { addHealthRoutes } from "@turnpike/kit/http/health-routes";
import { createHttpApp } from "@turnpike/kit/http/http-app";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { addMetricsRoutes } from "@turnpike/kit/http/metrics-routes";
import { addOpenApiRoutes } from "@turnpike/kit/http/openapi-routes";
import type { TimelineDeps } from "./deps.ts";
import { addReplicaMetrics } from "./replica-metrics.ts";
import { addDiscardDeadLetters } from "./dead-letters/discard-dead-letters.ts";
import { addDeleteSession } from "./sessions/delete-session.ts";
import { addGetDeadLetter } from "./dead-letters/get-dead-letter.ts";
import { addGetLedger } from "./ledger/get-ledger.ts";
import { addGetNode } from "./turns/get-node.ts";
import { addGetReceipt } from "./receipts/get-receipt.ts";
import { addGetSession } from "./sessions/get-session.ts";
import { addGetStats } from "./sessions/get-stats.ts";
import { addGetTree } from "./sessions/get-tree.ts";
import { addGetTurn } from "./turns/get-turn.ts";
import { addListAncestry } from "./turns/list-ancestry.ts";
import { addListAudit } from "./ledger/list-audit.ts";
import { addListDeadLetters } from "./dead-letters/list-dead-letters.ts";
import { addListSessions } from "./sessions/list-sessions.ts";
import { addListNumberedEvents } from "./events/list-numbered-events.ts";
import { addListPlainEvents } from "./events/list-plain-events.ts";
import { addListTimeline } from "./events/list-timeline.ts";
import { addListTurns } from "./turns/list-turns.ts";
import { addRenameSession } from "./sessions/rename-session.ts";
import { addReplayDeadLetters } from "./dead-letters/replay-dead-letters.ts";
import { addLedgerMetrics } from "./ledger/ledger-metrics.ts";

/** One line per feature. */
const routes: readonly ((app: HttpApp, deps: TimelineDeps) => void)[] = [
  addListSessions,
  addGetSession,
  addGetTree,
  addRenameSession,
  addDeleteSession,
  addListTimeline,
  addListNumberedEvents,
  addListPlainEvents,
  addListTurns,
  addGetTurn,
  addGetNode,
  addListAncestry,
  addGetReceipt,
  addGetStats,
  addGetLedger,
  addListDeadLetters,
  addGetDeadLetter,
  addReplayDeadLetters,
  addDiscardDeadLetters,
  addListAudit,
  (app, deps) => addHealthRoutes(app, readinessChecks(deps)),
  (app, deps) => addMetricsRoutes(app, deps.registry),
  (_app, deps) => addReplicaMetrics(deps.registry, deps.reader),
];

/** Make the timeline app: HTTP out; it writes nothing but names, deletions, and what is done about dead letters. */
export function createTimelineApp(deps: TimelineDeps): HttpApp {
  const app = createHttpApp({ logger: deps.logger, registry: deps.registry });
  for (const addRoute of routes) addRoute(app, deps);
  addLedgerMetrics(deps.registry, deps);
  addOpenApiRoutes(app, {
    title: "Turnpike timeline",
    version: "1",
    description:
      "Reads sessions, their timelines, their turns and nodes; renames and deletes sessions; accounts for what was accepted.",
  });
  return app;
}

function readinessChecks({ reader, queue, isStopping }: TimelineDeps) {
  return [
    { name: "store", check: () => reader.ping() },
    // Its absence is borne, but not that receipts and ledger are looked for in another installation's.
    { name: "queue", check: () => queue.check() },
    {
      name: "shutting down",
      check: async () => {
        if (isStopping()) throw new AppError("store_unavailable", "a stop has begun");
      },
    },
  ];
}
