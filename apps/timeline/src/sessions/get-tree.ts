import { createRoute, z } from "@hono/zod-openapi";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { problemResponses } from "@turnpike/kit/http/problem";
import type { TimelineDeps } from "../deps.ts";
import { orgQuery, time, truncated, uuidParam } from "../http/fields.ts";
import { orgOfReader } from "../auth/org-of-reader.ts";
import { sessionStatuses } from "./session-item.ts";

const place = {
  id: z.uuid(),
  parentId: z.uuid().nullable(),
  depth: z.int().openapi({ description: "0: the session itself; 1: its children; -1: its parent." }),
};

const TreeItem = z
  .discriminatedUnion("status", [
    z.object({
      ...place,
      status: z.enum(sessionStatuses),
      harnessId: z.string(),
      harnessSessionId: z.string(),
      displayTitle: z.string(),
      turnCount: z.int(),
      startedAt: time,
      lastSeenAt: time,
      truncated: truncated.optional(),
    }),
    z.object({ ...place, status: z.literal("deleted") }),
  ])
  .openapi("TreeItem");

const contract = createRoute({
  method: "get",
  path: "/v1/sessions/{id}/tree",
  tags: ["sessions"],
  summary: "Get a session's ancestors and descendants",
  description:
    "Flat, to be drawn line by line and indented by `depth`. Of deleted sessions only the place is shown.",
  request: { params: z.object({ id: uuidParam("id") }), query: z.object(orgQuery) },
  responses: {
    200: {
      description: "The lineage.",
      content: {
        "application/json": {
          schema: z
            .object({
              ancestors: z.array(TreeItem).openapi({ description: "Root first." }),
              session: TreeItem,
              descendants: z.array(TreeItem).openapi({
                description:
                  "Each right before its own children; siblings in the order in which they became known.",
              }),
              truncated: z.boolean().openapi({
                description: "Whether there are more than 1,000 on either side; the nearest are shown.",
              }),
            })
            .openapi("SessionTree"),
        },
      },
    },
    ...problemResponses("invalid_query", "not_found", "store_unavailable", "internal"),
  },
});

/** Add `GET /v1/sessions/{id}/tree`. */
export function addGetTree(app: HttpApp, { reader }: TimelineDeps): void {
  app.openapi(contract, async (c) => {
    const { ancestors, session, descendants, truncated } = await reader.getTree(
      orgOfReader(c),
      c.req.valid("param").id,
    );
    return c.json({ ancestors: [...ancestors], session, descendants: [...descendants], truncated }, 200);
  });
}
