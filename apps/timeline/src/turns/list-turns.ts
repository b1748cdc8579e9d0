import { createRoute, z } from "@hono/zod-openapi";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { problemResponses } from "@turnpike/kit/http/problem";
import type { TimelineDeps } from "../deps.ts";
import { after, orgQuery, uuidParam, wholeNumberOr } from "../http/fields.ts";
import { orgOfReader } from "../auth/org-of-reader.ts";
import { TurnItem } from "./turn-item.ts";

const contract = createRoute({
  method: "get",
  path: "/v1/sessions/{id}/turns",
  tags: ["turns"],
  summary: "List a session's turns in the order in which they were stored",
  request: {
    params: z.object({ id: uuidParam("id") }),
    query: z.object({ ...orgQuery, after, limit: wholeNumberOr(50, { min: 1, max: 200 }) }),
  },
  responses: {
    200: {
      description: "A page of turns.",
      content: {
        "application/json": {
          schema: z
            .object({
              items: z.array(TurnItem),
              nextAfter: z
                .int()
                .nullable()
                .openapi({ description: "`after` of the next page; null on the last one." }),
            })
            .openapi("Turns"),
        },
      },
    },
    ...problemResponses("invalid_query", "not_found", "store_unavailable", "internal"),
  },
});

/** Add `GET /v1/sessions/{id}/turns`. */
export function addListTurns(app: HttpApp, { reader }: TimelineDeps): void {
  app.openapi(contract, async (c) => {
    const sessionId = c.req.valid("param").id;
    const query = c.req.valid("query");
    const orgId = orgOfReader(c);
    const [page] = await Promise.all([
      reader.listTurns(orgId, sessionId, { after: query.after, limit: query.limit }),
      reader.getLatestSequence(orgId, sessionId),
    ]);
    return c.json(page, 200);
  });
}
