import { createRoute, z } from "@hono/zod-openapi";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { problemResponses } from "@turnpike/kit/http/problem";
import type { TimelineDeps } from "../deps.ts";
import { allOrgsQuery, jsonObject, orgQuery, time, truncated, wholeNumberOr } from "../http/fields.ts";
import { orgOfReader } from "../auth/org-of-reader.ts";
import { requireScope } from "../auth/require-scope.ts";

const AuditItem = z
  .object({
    id: z.uuid(),
    orgId: z.uuid().openapi({ description: "The nil UUID for an act over all orgs." }),
    at: time,
    actor: z.string().openapi({ description: "Who said that they did it." }),
    action: z.string().openapi({ example: "dead_letters.replay" }),
    details: jsonObject,
    truncated: truncated.optional(),
  })
  .openapi("AuditEntry");

const contract = createRoute({
  method: "get",
  path: "/v1/audit",
  tags: ["audit"],
  summary: "List what people did, the newest first",
  description: "Needs the scope `admin`, which open mode grants. Entries are never changed or removed.",
  request: {
    query: z.object({
      ...orgQuery,
      all_orgs: allOrgsQuery,
      limit: wholeNumberOr(50, { min: 1, max: 200 }),
      cursor: z.string().optional().openapi({ description: "`nextCursor` of the page before." }),
    }),
  },
  responses: {
    200: {
      description: "A page of acts.",
      content: {
        "application/json": {
          schema: z.object({
            items: z.array(AuditItem),
            nextCursor: z.string().nullable().openapi({ description: "Null on the last page." }),
          }),
        },
      },
    },
    ...problemResponses("invalid_query", "store_unavailable", "internal"),
  },
});

/** Add `GET /v1/audit`. */
export function addListAudit(app: HttpApp, { deadLetters }: TimelineDeps): void {
  app.openapi(contract, async (c) => {
    requireScope(c, "admin");
    const { all_orgs: allOrgs, limit, cursor } = c.req.valid("query");
    const orgId = orgOfReader(c);
    return c.json(await deadLetters.listAudit({ orgId: allOrgs ? undefined : orgId, limit, cursor }), 200);
  });
}
