import { createRoute, z } from "@hono/zod-openapi";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { problemResponses } from "@turnpike/kit/http/problem";
import type { TimelineDeps } from "../deps.ts";
import { orgQuery, uuidParam } from "../http/fields.ts";
import { orgOfReader } from "../auth/org-of-reader.ts";
import { requireScope } from "../auth/require-scope.ts";

const contract = createRoute({
  method: "delete",
  path: "/v1/sessions/{id}",
  tags: ["sessions"],
  summary: "Delete a session",
  description:
    "Needs the scope `admin`, which open mode grants. Turns, facts and the messages that no other session shares go; events keep their " +
    "numbers and nothing else. Its children stay, and their lineage calls it `deleted`. A new turn or event brings it back, blank.",
  request: { params: z.object({ id: uuidParam("id") }), query: z.object(orgQuery) },
  responses: {
    204: { description: "Deleted." },
    ...problemResponses("invalid_query", "not_found", "store_contention", "store_unavailable", "internal"),
  },
});

/** Add `DELETE /v1/sessions/{id}`. */
export function addDeleteSession(app: HttpApp, { editor }: TimelineDeps): void {
  app.openapi(contract, async (c) => {
    requireScope(c, "admin");
    await editor.deleteSession(orgOfReader(c), c.req.valid("param").id);
    return c.body(null, 204);
  });
}
