import { collectDefaultMetrics, Histogram, Registry } from "prom-client";

export { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** Seconds; the accept path answers in single milliseconds, a held long poll in half a minute. */
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Make a registry for one app, with the process's own metrics. Nothing is ever put on prom-client's global one. */
export function createRegistry(app: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ app });
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** One HTTP request, as metrics see it. */
export interface ObservedRequest {
  readonly method: string;
  /** The route's pattern, never the path: a path has no bounded set of values. */
  readonly route: string;
  readonly status: number;
  readonly durationSeconds: number;
}

/** Register the metrics of an HTTP app; returns what records one request. */
export function createRequestMetrics(registry: Registry): (request: ObservedRequest) => void {
  const duration = new Histogram({
    name: "turnpike_http_request_duration_seconds",
    help: "Time from the request's head to the answer's head.",
    labelNames: ["method", "route", "status"],
    buckets: DURATION_BUCKETS,
    registers: [registry],
  });
  return ({ method, route, status, durationSeconds }) => {
    duration.observe({ method, route, status }, durationSeconds);
  };
}
