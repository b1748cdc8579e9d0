import { createRoute } from "@hono/zod-openapi";
import { checkEventSizes } from "@turnpike/domain/turn/check-field-sizes";
import { isAppError } from "@turnpike/domain/errors";
import { EventsBody, MAX_EVENTS, readEventsBody } from "@turnpike/domain/events/events-body";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { problemResponses } from "@turnpike/kit/http/problem";
import { Accepted } from "../accepted.ts";
import { describeJsonBody } from "../describe-json-body.ts";
import type { RouteDeps } from "../deps.ts";
import { exampleEvents } from "../example-events.ts";
import { groupOf } from "../group-of.ts";
import { issueReceipt } from "../issue-receipt.ts";
import { useJsonBody } from "../read-json-body.ts";

const contract = createRoute({
  method: "post",
  path: "/v1/ingest/events",
  tags: ["ingest"],
  summary: "Take in lifecycle events of a session",
  description: [
    `One session, at most ${MAX_EVENTS} events, all taken or all refused; they are numbered together, in their order.`,
    "202 means durable. An event with an id of its own is stored once, however often it is sent; the same id with another body makes the post dead, which its receipt tells.",
    "The types that Turnpike emits for turns, `redacted` and `pruned` cannot be sent, nor ids that begin with `redacted:`, `pruned:`, `parent_link_refused:` or `import:`.",
  ].join(" "),
  request: { body: describeJsonBody(EventsBody, exampleEvents) },
  responses: {
    202: { description: "The events are durable.", content: { "application/json": { schema: Accepted } } },
    ...problemResponses("payload_too_large", "invalid_envelope", "queue_unavailable", "internal"),
  },
});

/** Add `POST /v1/ingest/events`: validate events of one session, make them durable, answer with a receipt. */
export function addIngestEvents(app: HttpApp, deps: RouteDeps): void {
  const { queue, eventCounters } = deps;
  app.openapi(contract, async (c) => {
    try {
      const receipt = await useJsonBody(c, deps, {
        judge({ parsed, bytes }) {
          const body = readEventsBody(parsed.body);
          checkEventSizes(body);
          const { session, events } = body;
          const post = issueReceipt({
            orgId: session.org_id,
            requestId: c.get("requestId"),
            body: bytes,
            group: groupOf(session),
          });
          return { post, events: events.length };
        },
        orgOf: ({ post }) => post.orgId,
        act: async ({ post, events }) => {
          await queue.enqueueEvents([post]);
          eventCounters.accepted(events);
          return post.receipt;
        },
      });
      return c.json({ status: "accepted" as const, receipt }, 202);
    } catch (error) {
      eventCounters.rejected(isAppError(error) ? error.code : "internal");
      throw error;
    }
  });
}
