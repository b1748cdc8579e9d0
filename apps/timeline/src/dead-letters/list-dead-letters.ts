import { createRoute, z } from "@hono/zod-openapi";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { problemResponses } from "@turnpike/kit/http/problem";
import type { TimelineDeps } from "../deps.ts";
import { allOrgsQuery, orgQuery, wholeNumberOr } from "../http/fields.ts";
import { errorCode, LetterItem, letterState } from "./dead-letter-item.ts";
import { orgOfReader } from "../auth/org-of-reader.ts";
import { requireScope } from "../auth/require-scope.ts";
import { instant } from "../sessions/session-fields.ts";

const contract = createRoute({
  method: "get",
  path: "/v1/dead-letters",
  tags: ["dead letters"],
  summary: "List what failed for good, the last failed first",
  description: "Needs the scope `admin`, which open mode grants. Filters are joined by AND.",
  request: {
    query: z.object({
      ...orgQuery,
      all_orgs: allOrgsQuery,
      code: errorCode.optional(),
      state: letterState.optional(),
      since: instant("Inclusive, against `lastFailedAt`."),
      until: instant("Exclusive, against `lastFailedAt`."),
      limit: wholeNumberOr(50, { min: 1, max: 200 }),
      cursor: z
        .string()
        .optional()
        .openapi({ description: "`nextCursor` of the page before; bound to the same filters." }),
    }),
  },
  responses: {
    200: {
      description: "A page of dead letters.",
      content: {
        "application/json": {
          schema: z.object({
            items: z.array(LetterItem),
            nextCursor: z.string().nullable().openapi({ description: "Null on the last page." }),
          }),
        },
      },
    },
    ...problemResponses("invalid_query", "store_unavailable", "internal"),
  },
});

/** Add `GET /v1/dead-letters`. */
export function addListDeadLetters(app: HttpApp, { deadLetters }: TimelineDeps): void {
  app.openapi(contract, async (c) => {
    requireScope(c, "admin");
    const { all_orgs: allOrgs, code, state, since, until, limit, cursor } = c.req.valid("query");
    const orgId = orgOfReader(c);
    const page = await deadLetters.list({
      orgId: allOrgs ? undefined : orgId,
      code,
      state,
      since,
      until,
      limit,
      cursor,
    });
    return c.json(page, 200);
  });
}
