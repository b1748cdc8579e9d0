import { createRoute, z } from "@hono/zod-openapi";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { problemResponses } from "@turnpike/kit/http/problem";
import type { TimelineDeps } from "../deps.ts";
import { orgQuery, uuidParam } from "../http/fields.ts";
import { findReceipt } from "./find-receipt.ts";
import { orgOfReader } from "../auth/org-of-reader.ts";
import { Receipt } from "./receipt.ts";

const contract = createRoute({
  method: "get",
  path: "/v1/receipts/{receipt}",
  tags: ["receipts"],
  summary: "Ask what became of an accepted turn or post of events",
  request: { params: z.object({ receipt: uuidParam("receipt") }), query: z.object(orgQuery) },
  responses: {
    200: { description: "Where it is.", content: { "application/json": { schema: Receipt } } },
    ...problemResponses("invalid_query", "not_found", "queue_unavailable", "store_unavailable", "internal"),
  },
});

/** Add `GET /v1/receipts/{receipt}`. */
export function addGetReceipt(app: HttpApp, deps: TimelineDeps): void {
  app.openapi(contract, async (c) =>
    c.json(await findReceipt(deps, orgOfReader(c), c.req.valid("param").receipt), 200),
  );
}
