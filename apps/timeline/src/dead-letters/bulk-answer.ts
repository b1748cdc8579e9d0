/** What an act over dead letters is answered with. */
import { z } from "@hono/zod-openapi";
import { problemResponses } from "@turnpike/kit/http/problem";
import { errorCode, LetterItem } from "./dead-letter-item.ts";

const count = z.int();

/** Letters that were left alone, and why. */
const Skipped = z.object({
  replaying: count.openapi({ description: "Their jobs are in the queue, or somebody else is at them." }),
  discarded: count,
  resolved: count,
  unknown: count.openapi({ description: "Receipts that have no dead letter." }),
  unreadable: count.openapi({ description: "What is kept of their jobs is no job." }),
});

const Plan = z.object({
  dryRun: z.literal(true),
  matched: count.openapi({ description: "Dead letters that the act would apply to." }),
  skipped: Skipped,
  byCode: z.array(z.object({ code: errorCode, count })),
  byOrg: z.array(z.object({ orgId: z.uuid(), count })).openapi({ description: "The 100 with most letters." }),
  items: z.array(LetterItem).openapi({ description: "The first 20, the last failed first." }),
});

const Deed = z.object({
  dryRun: z.literal(false),
  done: count.openapi({ description: "Letters that were replayed, or discarded." }),
  skipped: Skipped,
  stopped: z
    .enum(["queue_unavailable", "store_unavailable", "store_contention", "store_failed"])
    .nullable()
    .openapi({
      description: "Why it ended before its end; null when it did not.",
    }),
  nextCursor: z.string().nullable().openapi({
    description:
      "Where to go on, as `cursor` with the same criteria; null when every letter that matched was looked at.",
  }),
});

/** What would be done, or what was done. */
const ActAnswer = z.discriminatedUnion("dryRun", [Plan, Deed]).openapi("DeadLetterAct");

/** The responses of a route that acts on dead letters. */
export const actResponses = {
  200: {
    description: "What was done, or would be.",
    content: { "application/json": { schema: ActAnswer } },
  },
  ...problemResponses(
    "invalid_query",
    "invalid_envelope",
    "payload_too_large",
    "store_contention",
    "store_unavailable",
    "internal",
  ),
};

/** What would be done. */
export type Plan = z.infer<typeof Plan>;

/** What was done. */
export type Deed = z.infer<typeof Deed>;

/** Nothing was left alone. */
export const noneSkipped: z.infer<typeof Skipped> = {
  replaying: 0,
  discarded: 0,
  resolved: 0,
  unknown: 0,
  unreadable: 0,
};
