import { createRoute, z } from "@hono/zod-openapi";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { problemResponses } from "@turnpike/kit/http/problem";
import type { TimelineDeps } from "../deps.ts";
import { hashParam, orgQuery, wholeNumberOr } from "../http/fields.ts";
import { NodeItem, toNodeItem } from "./node-item.ts";
import { orgOfReader } from "../auth/org-of-reader.ts";

const contract = createRoute({
  method: "get",
  path: "/v1/nodes/{hash}/ancestry",
  tags: ["nodes"],
  summary: "List the path from the root to a node, with content",
  request: {
    params: z.object({ hash: hashParam }),
    query: z.object({
      ...orgQuery,
      limit: wholeNumberOr(100, { min: 1, max: 1_000 }),
      cursor: z.string().optional().openapi({ description: "`nextCursor` of the page before." }),
    }),
  },
  responses: {
    200: {
      description: "A page of the path.",
      content: {
        "application/json": {
          schema: z
            .object({
              items: z.array(NodeItem).openapi({ description: "Root first." }),
              nextCursor: z
                .string()
                .nullable()
                .openapi({ description: "Null on the last page, which ends with the node itself." }),
            })
            .openapi("Ancestry"),
        },
      },
    },
    ...problemResponses("invalid_query", "not_found", "store_unavailable", "internal"),
  },
});

/** Add `GET /v1/nodes/{hash}/ancestry`. */
export function addListAncestry(app: HttpApp, { reader }: TimelineDeps): void {
  app.openapi(contract, async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const page = await reader.listAncestry(orgOfReader(c), c.req.valid("param").hash, { limit, cursor });
    return c.json({ items: page.items.map(toNodeItem), nextCursor: page.nextCursor }, 200);
  });
}
