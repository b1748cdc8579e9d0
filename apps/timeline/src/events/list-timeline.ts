import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "@turnpike/domain/errors";
import type { EventPage } from "@turnpike/domain/events/event-store";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { problemResponses } from "@turnpike/kit/http/problem";
import type { TimelineDeps } from "../deps.ts";
import { before, eventTypes, runId, since } from "./event-fields.ts";
import { orgQuery, uuidParam, wholeNumber, wholeNumberOr } from "../http/fields.ts";
import { orgOfReader } from "../auth/org-of-reader.ts";
import { signalOf } from "../http/signal-of.ts";
import { type FollowEvents, streamEvents } from "./stream-events.ts";
import { TimelineEvent, toTimelineEvent } from "./timeline-event.ts";

const MAX_WAIT_MS = 30_000;
const EVENT_STREAM = "text/event-stream";

const Timeline = z
  .object({
    sessionId: z.uuid(),
    events: z.array(TimelineEvent),
    latestSequence: z.int().openapi({ description: "Of the session, whatever the filter." }),
    nextAfter: z
      .int()
      .openapi({ description: "What to give as `after` next; no event is missed and none comes twice." }),
    hasMore: z.boolean().openapi({ description: "Whether more events match in the direction of the page." }),
  })
  .openapi("Timeline");

const query = z.object({
  ...orgQuery,
  after: wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER }).openapi({ description: "Exclusive." }),
  before,
  limit: wholeNumberOr(100, { min: 1, max: 1_000 }),
  order: z.enum(["asc", "desc"], "must be asc or desc").default("asc"),
  event_type: eventTypes,
  run_id: runId,
  since,
  wait_timeout_ms: wholeNumberOr(0, { min: 0, max: MAX_WAIT_MS }).openapi({
    description: "Hold the answer until a matching event commits or the time is up.",
  }),
});

const contract = createRoute({
  method: "get",
  path: "/v1/sessions/{id}/timeline",
  tags: ["timeline"],
  summary: "Read a session's events: by cursor, by long poll, or as a stream",
  description:
    "Pages, long polls and the stream (`Accept: text/event-stream`) share one coordinate, the sequence: a reader may switch between them at any point without a gap or a repeat. The stream resumes behind `Last-Event-ID`, and ends when `before` is reached.",
  request: {
    params: z.object({ id: uuidParam("id") }),
    query,
    headers: z.object({
      "last-event-id": wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER }).openapi({
        description: "Stream only: the sequence of the last event seen; wins over `after`.",
      }),
    }),
  },
  responses: {
    200: {
      description: "A page of events, or the stream.",
      content: { "application/json": { schema: Timeline }, [EVENT_STREAM]: { schema: z.string() } },
    },
    204: { description: "Stream only: nothing is left to stream below `before`." },
    ...problemResponses("invalid_query", "not_found", "store_unavailable", "internal"),
  },
});

/** Add `GET /v1/sessions/{id}/timeline`. */
export function addListTimeline(app: HttpApp, deps: TimelineDeps): void {
  app.openapi(contract, async (c) => {
    const sessionId = c.req.valid("param").id;
    const asked = c.req.valid("query");
    const orgId = orgOfReader(c);
    const filter = {
      after: asked.after,
      before: asked.before,
      eventTypes: asked.event_type,
      runId: asked.run_id,
      since: asked.since,
    };

    if (c.req.header("accept")?.includes(EVENT_STREAM) === true) {
      found(await deps.reader.readEvents(orgId, sessionId, { limit: 0 }));
      const from = c.req.valid("header")["last-event-id"] ?? asked.after ?? 0;
      // What makes a browser's EventSource stop coming back.
      if (asked.before !== undefined && from >= asked.before - 1) return c.body(null, 204);
      const follow: FollowEvents = (of, signal) => deps.reader.followEvents(orgId, sessionId, of, signal);
      return streamEvents(c, { ...filter, after: from }, follow, deps.stopSignal);
    }

    const wanted = { ...filter, limit: asked.limit, order: asked.order };
    const { signal, release } = signalOf(c, deps.stopSignal);
    try {
      const page = found(
        asked.wait_timeout_ms === 0
          ? await deps.reader.readEvents(orgId, sessionId, wanted)
          : await deps.reader.waitForEvents(orgId, sessionId, wanted, {
              timeoutMs: asked.wait_timeout_ms,
              signal,
            }),
      );
      return c.body(textOf(sessionId, page), 200, { "content-type": "application/json" });
    } finally {
      release();
    }
  });
}

const texts = new WeakMap<EventPage, string>();

/** Readers that wait together are given one page: it is written out once, for as long as it is held. */
function textOf(sessionId: string, page: EventPage): string {
  const known = texts.get(page);
  if (known !== undefined) return known;
  const { events, latestSequence, nextAfter, hasMore } = page;
  const answer: z.infer<typeof Timeline> = {
    sessionId,
    events: events.map(toTimelineEvent),
    latestSequence,
    nextAfter,
    hasMore,
  };
  const text = JSON.stringify(answer);
  texts.set(page, text);
  return text;
}

function found(page: EventPage | undefined): EventPage {
  if (page === undefined) throw new AppError("not_found", "no such session");
  return page;
}
