import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "@turnpike/domain/errors";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { problemResponses } from "@turnpike/kit/http/problem";
import type { TimelineDeps } from "../deps.ts";
import {
  jsonObject,
  orgQuery,
  renameTruncated,
  time,
  truncated,
  uuidParam,
  wholeNumberOr,
} from "../http/fields.ts";
import { orgOfReader } from "../auth/org-of-reader.ts";

const MAX_EVENTS = 1_000;

const contract = createRoute({
  method: "get",
  path: "/api/sessions/{id}/timeline",
  tags: ["compatibility"],
  summary: "Read a session's first events as a plain list",
  request: {
    params: z.object({ id: uuidParam("id") }),
    query: z.object({
      ...orgQuery,
      limit: wholeNumberOr(500, { min: 1, max: Number.MAX_SAFE_INTEGER }).openapi({
        description: `Values above ${MAX_EVENTS} count as ${MAX_EVENTS}.`,
      }),
    }),
  },
  responses: {
    200: {
      description: "The events in order.",
      content: {
        "application/json": {
          schema: z.array(
            z.object({
              eventType: z.string(),
              createdAt: time,
              metadata: jsonObject,
              truncated: truncated.optional(),
            }),
          ),
        },
      },
    },
    ...problemResponses("invalid_query", "not_found", "store_unavailable", "internal"),
  },
});

/** What an item shows, by the names that it has here. */
const NAMES = { eventType: "eventType", metadata: "metadata" };

/** Add `GET /api/sessions/{id}/timeline`, under the names of the system whose clients use it. */
export function addListPlainEvents(app: HttpApp, { reader }: TimelineDeps): void {
  app.openapi(contract, async (c) => {
    const limit = Math.min(c.req.valid("query").limit, MAX_EVENTS);
    const page = await reader.listPlainEvents(orgOfReader(c), c.req.valid("param").id, limit);
    if (page === undefined) throw new AppError("not_found", "no such session");
    const list = page.events.map(({ eventType, createdAt, metadata, truncated }) => ({
      eventType,
      createdAt,
      metadata,
      ...renameTruncated(truncated, NAMES),
    }));
    return c.json(list, 200);
  });
}
