import { createRoute, z } from "@hono/zod-openapi";
import type { HttpApp } from "./http-env.ts";
import type { Registry } from "../process/metrics.ts";

/** Add `/metrics`: the app's registry in Prometheus text. */
export function addMetricsRoutes(app: HttpApp, registry: Registry): void {
  const contract = createRoute({
    method: "get",
    path: "/metrics",
    tags: ["health"],
    responses: {
      200: { description: "Prometheus text.", content: { "text/plain": { schema: z.string() } } },
    },
  });
  app.openapi(contract, async (c) =>
    c.text(await registry.metrics(), 200, { "content-type": registry.contentType }),
  );
}
