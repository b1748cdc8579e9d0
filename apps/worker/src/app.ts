import { AppError } from "@turnpike/domain/errors";
import { addHealthRoutes, type ReadinessCheck } from "@turnpike/kit/http/health-routes";
import { createHttpApp } from "@turnpike/kit/http/http-app";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import type { Logger } from "@turnpike/kit/process/logger";
import type { Registry } from "@turnpike/kit/process/metrics";
import { addMetricsRoutes } from "@turnpike/kit/http/metrics-routes";

/** What an operator may ask of a worker: whether it lives, whether it can work, and how it does. */
export function createWorkerApp(deps: {
  readonly logger: Logger;
  readonly registry: Registry;
  readonly pings: Readonly<Record<"queue" | "store", () => Promise<void>>>;
  readonly isStopping: () => boolean;
}): HttpApp {
  const app = createHttpApp({ logger: deps.logger, registry: deps.registry });
  const checks: ReadinessCheck[] = [
    { name: "queue", check: deps.pings.queue },
    { name: "store", check: deps.pings.store },
    {
      name: "shutting down",
      check: async () => {
        if (deps.isStopping()) throw new AppError("queue_unavailable", "a stop has begun");
      },
    },
  ];
  addHealthRoutes(app, checks);
  addMetricsRoutes(app, deps.registry);
  return app;
}
