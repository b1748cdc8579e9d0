import { createRoute, z } from "@hono/zod-openapi";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { actResponses } from "./bulk-answer.ts";
import { discardSchema, parseDiscard } from "./selection.ts";
import { actorOf } from "../auth/actor-of.ts";
import type { TimelineDeps } from "../deps.ts";
import { discardLetters } from "./discard-letters.ts";
import { orgQuery } from "../http/fields.ts";
import { planAct } from "./plan-bulk.ts";
import { readJson } from "../http/read-json.ts";
import { requireScope } from "../auth/require-scope.ts";

const contract = createRoute({
  method: "post",
  path: "/v1/dead-letters/discard",
  tags: ["dead letters"],
  summary: "Give up dead letters",
  description:
    "Needs the scope `admin`, which open mode grants. Their bodies go, for good; the rest stays in the list and in the ledger. All those of " +
    "one request or none. A letter whose job is being replayed is left alone. The body of the request has at most 64 KiB. The header " +
    "`X-Turnpike-Actor` says who does it.",
  request: {
    query: z.object(orgQuery),
    body: { required: true, content: { "application/json": { schema: discardSchema } } },
  },
  responses: actResponses,
});

/** Add `POST /v1/dead-letters/discard`. */
export function addDiscardDeadLetters(app: HttpApp, { deadLetters }: TimelineDeps): void {
  app.openapi(contract, async (c) => {
    requireScope(c, "admin");
    const act = parseDiscard(c, await readJson(c));
    const answer = act.dryRun
      ? await planAct(deadLetters, act)
      : await discardLetters(deadLetters, act, actorOf(c));
    return c.json(answer, 200);
  });
}
