import { createRoute, z } from "@hono/zod-openapi";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { problemResponses } from "@turnpike/kit/http/problem";
import type { TimelineDeps } from "../deps.ts";
import { orgQuery, uuidParam } from "../http/fields.ts";
import { orgOfReader } from "../auth/org-of-reader.ts";
import { SessionDetail } from "./session-item.ts";

const contract = createRoute({
  method: "get",
  path: "/v1/sessions/{id}",
  tags: ["sessions"],
  summary: "Get one session, with its parent and the number of its children",
  request: { params: z.object({ id: uuidParam("id") }), query: z.object(orgQuery) },
  responses: {
    200: { description: "The session.", content: { "application/json": { schema: SessionDetail } } },
    ...problemResponses("invalid_query", "not_found", "store_unavailable", "internal"),
  },
});

/** Add `GET /v1/sessions/{id}`. */
export function addGetSession(app: HttpApp, { reader }: TimelineDeps): void {
  app.openapi(contract, async (c) =>
    c.json(await reader.getSession(orgOfReader(c), c.req.valid("param").id), 200),
  );
}
