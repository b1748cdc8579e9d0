import { createRoute, z } from "@hono/zod-openapi";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { problemResponses } from "@turnpike/kit/http/problem";
import type { TimelineDeps } from "../deps.ts";
import { hashParam, orgQuery } from "../http/fields.ts";
import { NodeItem, toNodeItem } from "./node-item.ts";
import { isHeldBack, nodePieces } from "./node-pieces.ts";
import { orgOfReader } from "../auth/org-of-reader.ts";
import { streamJson } from "../http/stream-json.ts";

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
  app.openapi(contract, async (c) => {
    const orgId = orgOfReader(c);
    const node = await reader.getNode(orgId, c.req.valid("param").hash);
    return isHeldBack(node) ? streamJson(c, nodePieces(reader, orgId, node)) : c.json(toNodeItem(node), 200);
  });
}
