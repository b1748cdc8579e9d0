import { createRoute, z } from "@hono/zod-openapi";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { problemResponses } from "@turnpike/kit/http/problem";
import { sessionSorts } from "@turnpike/store/read/sessions/session-order";
import type { TimelineDeps } from "../deps.ts";
import { orgQuery, wholeNumberOr } from "../http/fields.ts";
import { orgOfReader } from "../auth/org-of-reader.ts";
import { exactText, instant, uuidQuery } from "./session-fields.ts";
import { SessionItem, sessionStatuses } from "./session-item.ts";

const contract = createRoute({
  method: "get",
  path: "/v1/sessions",
  tags: ["sessions"],
  summary: "List sessions, the last seen first",
  description:
    "Filters are joined by AND and compare exactly. Whoever follows `nextCursor` sees every session once, but for those whose sort " +
    "value changes meanwhile: they may be missed or come again. Deleted sessions are left out.",
  request: {
    query: z.object({
      ...orgQuery,
      limit: wholeNumberOr(50, { min: 1, max: 200 }),
      cursor: z
        .string()
        .optional()
        .openapi({ description: "`nextCursor` of the page before; bound to the same filters and sort." }),
      harness_id: exactText,
      harness_session_id: exactText,
      auth_subject: exactText.openapi({ description: "Empty: sessions whose subject is not known." }),
      model: exactText.openapi({ description: "Sessions with at least one turn of this model." }),
      since: instant("Inclusive, against `lastSeenAt`."),
      until: instant("Exclusive, against `lastSeenAt`."),
      parent_id: uuidQuery,
      status: z.enum(sessionStatuses).optional(),
      sort: z.enum(sessionSorts).default("last_seen_at").openapi({
        description: "`total_tokens` is input and output together. Among equals the id decides.",
      }),
      order: z.enum(["asc", "desc"]).default("desc"),
    }),
  },
  responses: {
    200: {
      description: "A page of sessions.",
      content: {
        "application/json": {
          schema: z.object({
            items: z.array(SessionItem),
            nextCursor: z.string().nullable().openapi({ description: "Null on the last page." }),
          }),
        },
      },
    },
    ...problemResponses("invalid_query", "store_unavailable", "internal"),
  },
});

/** Add `GET /v1/sessions`. */
export function addListSessions(app: HttpApp, { reader }: TimelineDeps): void {
  app.openapi(contract, async (c) => {
    const query = c.req.valid("query");
    const page = await reader.listSessions(orgOfReader(c), {
      harnessId: query.harness_id,
      harnessSessionId: query.harness_session_id,
      authSubject: query.auth_subject,
      model: query.model,
      since: query.since,
      until: query.until,
      parentId: query.parent_id,
      status: query.status,
      sort: query.sort,
      order: query.order,
      limit: query.limit,
      cursor: query.cursor,
    });
    return c.json(page, 200);
  });
}
