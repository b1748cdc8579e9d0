import { createRoute, z } from "@hono/zod-openapi";
import type { HttpApp } from "@turnpike/kit/http-env";
import { problemResponses } from "@turnpike/kit/problem";
import type { TimelineDeps } from "../deps.ts";
import { hashParam, orgQuery } from "../fields.ts";
import { NodeItem, toNodeItem } from "../node-item.ts";
import { orgOfReader } from "../org-of-reader.ts";

const contract = createRoute({
  method: "get",
  path: "/v1/nodes/{hash}",
  tags: ["nodes"],
  summary: "Get one node with its content",
  request: { params: z.object({ hash: hashParam }), query: z.object(orgQuery) },
  responses: {
    200: { description: "The node.", content: { "application/json": { schema: NodeItem } } },
    ...problemResponses("invalid_query", "not_found", "store_unavailable", "internal"),
  },
});

/** Add `GET /v1/nodes/{hash}`. */
export function addGetNode(app: HttpApp, { reader }: TimelineDeps): void {
  app.openapi(contract, async (c) =>
    c.json(toNodeItem(await reader.getNode(orgOfReader(c), c.req.valid("param").hash)), 200),
  );
}
