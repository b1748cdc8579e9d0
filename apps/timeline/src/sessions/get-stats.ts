import { createRoute, z } from "@hono/zod-openapi";
import type { HttpApp } from "@turnpike/kit/http/http-env";
import { problemResponses } from "@turnpike/kit/http/problem";
import type { TimelineDeps } from "../deps.ts";
import { orgQuery, time } from "../http/fields.ts";
import { orgOfReader } from "../auth/org-of-reader.ts";
import { instant } from "./session-fields.ts";
import { chooseSpan } from "./stats-span.ts";

const usage = {
  sessions: z.int().openapi({ description: "With at least one of the turns; one may be in several parts." }),
  turns: z.int(),
  unpricedTurns: z.int().openapi({ description: "Turns whose model has no known price." }),
  inputTokens: z.int().openapi({ description: "Includes both cache counters." }),
  outputTokens: z.int(),
  cacheCreationInputTokens: z.int(),
  cacheReadInputTokens: z.int(),
  costUsd: z.number().openapi({ description: "Of the priced turns." }),
};

const contract = createRoute({
  method: "get",
  path: "/v1/stats",
  tags: ["stats"],
  summary: "Sum up the turns of a span of time, by model and by day",
  description:
    "Turns count by the time at which they were stored. Turns of deleted sessions are gone from here too.",
  request: {
    query: z.object({
      ...orgQuery,
      since: instant("Inclusive. Default: 30 days before `until`; at most 366 days before it."),
      until: instant("Exclusive. Default: now."),
    }),
  },
  responses: {
    200: {
      description: "The sums, all from one moment.",
      content: {
        "application/json": {
          schema: z
            .object({
              since: time,
              until: time,
              total: z.object(usage),
              byModel: z
                .array(z.object({ model: z.string(), ...usage }))
                .openapi({ description: "The models with most turns first, 1,000 at most." }),
              byDay: z
                .array(z.object({ day: z.iso.date(), ...usage }))
                .openapi({ description: "Days in UTC, in order; those without a turn are left out." }),
            })
            .openapi("Stats"),
        },
      },
    },
    ...problemResponses("invalid_query", "store_unavailable", "internal"),
  },
});

/** Add `GET /v1/stats`. */
export function addGetStats(app: HttpApp, { reader }: TimelineDeps): void {
  app.openapi(contract, async (c) => {
    const span = chooseSpan(c.req.valid("query"), new Date());
    const { total, byModel, byDay } = await reader.readStats(orgOfReader(c), span);
    return c.json({ ...span, total, byModel: [...byModel], byDay: [...byDay] }, 200);
  });
}
