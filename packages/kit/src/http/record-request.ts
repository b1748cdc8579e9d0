import { isAppError } from "@turnpike/domain/errors";
import { traceOf } from "@turnpike/domain/trace-of";
import type { Context, MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import { arrivedAt } from "./arrival.ts";
import type { HttpEnv } from "./http-env.ts";
import type { Logger } from "../process/logger.ts";
import { createRequestMetrics, type Registry } from "../process/metrics.ts";

/** What is recorded when the client is gone before the answer: no status was seen by anyone. */
const CLIENT_CLOSED_REQUEST = 499;

/** Write one log event and one measurement per request: never a body, a key, a subject or a query string. */
export function recordRequest(logger: Logger, registry: Registry): MiddlewareHandler<HttpEnv> {
  const observe = createRequestMetrics(registry);
  return async (c, next) => {
    const startedAt = arrivedAt(c.env?.incoming);
    await next();
    const durationMs = performance.now() - startedAt;
    const route = routeOf(c);
    const status = isClientGone(c) ? CLIENT_CLOSED_REQUEST : c.res.status;
    const method = c.req.method;
    observe({
      method: route === UNMATCHED ? "any" : method,
      route,
      status,
      durationSeconds: durationMs / 1000,
    });

    const event = {
      event: "http_request",
      requestId: c.get("requestId"),
      method,
      route,
      status,
      durationMs: Math.round(durationMs * 1000) / 1000,
      receivedBytes: c.get("receivedBytes") ?? 0,
      ...(isAppError(c.error) && { code: c.error.code }),
    };
    if (status < 500) logger.info(event, "request");
    else logger.error({ ...event, at: traceOf(c.error) }, "request");
  };
}

const UNMATCHED = "unmatched";

function routeOf(c: Context<HttpEnv>): string {
  return matchedRoutes(c).findLast((route) => route.method !== "ALL")?.path ?? UNMATCHED;
}

function isClientGone(c: Context<HttpEnv>): boolean {
  // Without a socket (`app.request`) there are no bindings at all.
  const outgoing = c.env?.outgoing;
  return outgoing !== undefined && (outgoing.destroyed || outgoing.socket?.destroyed === true);
}
