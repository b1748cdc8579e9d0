import { createRoute, z } from "@hono/zod-openapi";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { problemResponses } from "@turnpike/kit/http/problem";
import type { TimelineDeps } from "../deps.ts";
import { orgQuery, uuidParam } from "../http/fields.ts";
import { NodeItem, toNodeItem } from "./node-item.ts";
import { isHeldBack, turnPieces } from "./node-pieces.ts";
import { orgOfReader } from "../auth/org-of-reader.ts";
import { streamJson } from "../http/stream-json.ts";
import { TurnItem } from "./turn-item.ts";

const contract = createRoute({
  method: "get",
  path: "/v1/sessions/{id}/turns/{turn_id}",
  tags: ["turns"],
  summary: "Get one turn with its whole chain, root to head",
  request: {
    params: z.object({ id: uuidParam("id"), turn_id: uuidParam("turn_id") }),
    query: z.object(orgQuery),
  },
  responses: {
    200: {
      description: "The turn and its nodes.",
      content: {
        "application/json": { schema: TurnItem.extend({ nodes: z.array(NodeItem) }).openapi("TurnDetail") },
      },
    },
    ...problemResponses("invalid_query", "not_found", "store_unavailable", "internal"),
  },
});

/** Add `GET /v1/sessions/{id}/turns/{turn_id}`. */
export function addGetTurn(app: HttpApp, { reader }: TimelineDeps): void {
  app.openapi(contract, async (c) => {
    const { id, turn_id: turnId } = c.req.valid("param");
    const orgId = orgOfReader(c);
    const turn = await reader.getTurn(orgId, id, turnId);
    if (turn.nodes.some(isHeldBack)) return streamJson(c, turnPieces(reader, orgId, turn));
    return c.json({ ...turn, nodes: turn.nodes.map(toNodeItem) }, 200);
  });
}
