import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "@turnpike/domain/errors";
import type { StoredEvent } from "@turnpike/domain/events/event-store";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { problemResponses } from "@turnpike/kit/http/problem";
import type { TimelineDeps } from "../deps.ts";
import { eventType, since } from "./event-fields.ts";
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

// Above it the offset of a filtered page would leave a 32-bit row count.
const MAX_PAGE = 10_000_000;

const Item = z
  .object({
    id: z.string(),
    session_id: z.uuid(),
    step_id: z.uuid().nullable().openapi({ description: "The turn that the event belongs to." }),
    event_type: z.string(),
    event_data: jsonObject,
    message: z.string().nullable(),
    timestamp: time,
    sequence: z.int(),
    truncated: truncated.optional(),
  })
  .openapi("NumberedEvent");

const Page = z
  .object({
    items: z.array(Item),
    pagination: z.object({
      page: z.int(),
      per_page: z.int(),
      total: z.int().optional(),
      total_pages: z.int().optional(),
      has_next: z.boolean(),
      has_prev: z.boolean(),
    }),
    latest_sequence: z.int(),
    truncated: z.boolean().openapi({
      description:
        "With `since`: more events than this page holds are newer. A poller that moves `since` on would lose them.",
    }),
  })
  .openapi("NumberedEvents");

const contract = createRoute({
  method: "get",
  path: "/api/v2/sessions/{id}/events",
  tags: ["compatibility"],
  summary: "Read a session's events by page number, newest first",
  request: {
    params: z.object({ id: uuidParam("id") }),
    query: z.object({
      ...orgQuery,
      page: wholeNumberOr(1, { min: 1, max: MAX_PAGE }),
      per_page: wholeNumberOr(20, { min: 1, max: 100 }),
      since,
      event_type: eventType.optional(),
      total: z
        .enum(["true", "false"], "must be true or false")
        .default("true")
        .openapi({ description: "`false` leaves out `total` and `total_pages`, and counts nothing." }),
    }),
  },
  responses: {
    200: { description: "A page of events.", content: { "application/json": { schema: Page } } },
    ...problemResponses("invalid_query", "not_found", "store_unavailable", "internal"),
  },
});

/** What an item shows, by the names that it has here. */
const NAMES = { id: "id", eventType: "event_type", metadata: "event_data", message: "message" };

/** Add `GET /api/v2/sessions/{id}/events`, under the names of the system whose clients use it. */
export function addListNumberedEvents(app: HttpApp, { reader }: TimelineDeps): void {
  app.openapi(contract, async (c) => {
    const sessionId = c.req.valid("param").id;
    const query = c.req.valid("query");
    const found = await reader.readNumberedPage(orgOfReader(c), sessionId, {
      page: query.page,
      perPage: query.per_page,
      since: query.since,
      eventType: query.event_type,
      counts: query.total === "true",
    });
    if (found === undefined) throw new AppError("not_found", "no such session");
    const { total } = found;
    const totals = total === undefined ? {} : { total, total_pages: Math.ceil(total / query.per_page) };
    return c.json(
      {
        items: found.events.map((event) => toItem(sessionId, event)),
        pagination: {
          page: query.page,
          per_page: query.per_page,
          ...totals,
          has_next: found.hasNext,
          has_prev: query.page > 1,
        },
        latest_sequence: found.latestSequence,
        truncated: query.since !== undefined && found.hasNext,
      },
      200,
    );
  });
}

function toItem(sessionId: string, event: StoredEvent): z.infer<typeof Item> {
  return {
    id: event.id,
    session_id: sessionId,
    step_id: event.turnId,
    event_type: event.eventType,
    event_data: event.metadata,
    message: event.message,
    timestamp: event.createdAt,
    sequence: event.sequence,
    ...renameTruncated(event.truncated, NAMES),
  };
}
