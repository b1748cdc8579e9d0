import { createRoute, z } from "@hono/zod-openapi";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { problemResponses } from "@turnpike/kit/http/problem";
import type { TimelineDeps } from "../deps.ts";
import { orgQuery, time } from "../http/fields.ts";
import { drawUpLedger, type Ledger } from "./ledger.ts";
import { orgOfAdmin } from "../auth/org-of-reader.ts";
import { readLedger } from "./read-ledger.ts";
import { requireScope } from "../auth/require-scope.ts";

const count = z.int();

const line = {
  accepted: count,
  stored: count,
  duplicate: count,
  deadLettered: count.openapi({ description: "Includes `discarded`, and what is being replayed." }),
  discarded: count,
  inFlight: count.openapi({ description: "In the queue, and neither stored nor dead-lettered." }),
  failed: count.openapi({
    description:
      "Of `inFlight`: what the queue gave up without a dead letter. `turnpike queue recover` brings it back.",
  }),
  difference: count.openapi({
    description:
      "What nothing explains: accepted - stored - duplicate - deadLettered - inFlight. Above zero is lost, below zero is there without " +
      "having been accepted. In `total`: of all orgs, without their signs.",
  }),
};

const LedgerAnswer = z
  .object({
    items: z.array(z.object({ orgId: z.uuid(), ...line })),
    total: z.object(line),
    readAt: time,
  })
  .openapi("Ledger");

const contract = createRoute({
  method: "get",
  path: "/v1/ledger",
  tags: ["ledger"],
  summary: "Account for everything that was accepted",
  description:
    "Needs the scope `admin`, which open mode grants. Turns and posts of events, by org: all orgs, or the one that is named. Read so " +
    "that work which goes on meanwhile makes no difference.",
  request: { query: z.object(orgQuery) },
  responses: {
    200: {
      description: "The ledger, the orgs in the order of their ids.",
      content: { "application/json": { schema: LedgerAnswer } },
    },
    ...problemResponses(
      "invalid_query",
      "queue_unavailable",
      "store_unavailable",
      "store_contention",
      "internal",
    ),
  },
});

/** Add `GET /v1/ledger`. */
export function addGetLedger(app: HttpApp, deps: TimelineDeps): void {
  app.openapi(contract, async (c) => {
    requireScope(c, "admin");
    const orgId = orgOfAdmin(c);
    const ledger = await readLedger(deps);
    const { items, total, readAt } = orgId === undefined ? ledger : narrow(ledger, orgId);
    return c.json({ items: [...items], total, readAt }, 200);
  });
}

function narrow({ items, readAt }: Ledger, orgId: string): Ledger {
  const mine = items.filter((item) => item.orgId === orgId);
  const [only] = mine;
  const empty = drawUpLedger({
    acceptedBefore: new Map(),
    counts: new Map(),
    acceptedAfter: new Map(),
  }).total;
  if (only === undefined) return { items: [], total: empty, readAt };
  const { orgId: _orgId, ...line } = only;
  return { items: mine, total: { ...line, difference: Math.abs(line.difference) }, readAt };
}
