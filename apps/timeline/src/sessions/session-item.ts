import { z } from "@hono/zod-openapi";
import { jsonObject, time, truncated } from "../http/fields.ts";

/** Whether a session is known by name only, was heard of lately, or not. */
export const sessionStatuses = ["placeholder", "active", "idle"] as const;

/** The status of a session in a lineage, where deleted ones are shown. */
const lineageStatuses = [...sessionStatuses, "deleted"] as const;

/** A session as lists show it. */
export const SessionItem = z
  .object({
    id: z.uuid(),
    orgId: z.uuid(),
    harnessId: z.string(),
    harnessSessionId: z.string(),
    parentSessionId: z.uuid().nullable(),
    displayTitle: z.string().openapi({
      description: "`displayName`, else the harness's `name`, else `harnessSessionId`.",
    }),
    status: z.enum(sessionStatuses).openapi({
      description:
        "`placeholder`: named as a parent, nothing of its own yet; `idle`: nothing for 30 minutes; else `active`.",
    }),
    authSubject: z.string().openapi({ description: "Empty when not known." }),
    harnessVersion: z.string().nullable(),
    cwd: z.string().nullable(),
    name: z.string().nullable().openapi({ description: "The harness's own name for it." }),
    displayName: z.string().nullable().openapi({ description: "Given by a reader." }),
    harnessMetadata: jsonObject,
    turnCount: z.int(),
    unpricedTurnCount: z.int().openapi({ description: "Turns whose model has no known price." }),
    totalInputTokens: z.int().openapi({ description: "Includes both cache counters." }),
    totalOutputTokens: z.int(),
    totalCacheCreationInputTokens: z.int(),
    totalCacheReadInputTokens: z.int(),
    totalCostUsd: z.number().openapi({ description: "Of the priced turns." }),
    latestSequence: z.int().openapi({ description: "Number of the latest event; 0 when there is none." }),
    startedAt: time,
    lastSeenAt: time,
    truncated: truncated.optional(),
  })
  .openapi("Session");

/** A session with its place in its lineage. */
export const SessionDetail = SessionItem.extend({
  parent: z
    .object({
      id: z.uuid(),
      harnessId: z.string(),
      harnessSessionId: z.string(),
      displayTitle: z.string(),
      status: z.enum(lineageStatuses),
    })
    .nullable()
    .openapi({
      description:
        "Null when the session has none. Of a deleted one the names that its harness gave are gone.",
    }),
  childCount: z.int().openapi({
    description: "Sessions that name this one as their parent; deleted ones are not counted.",
  }),
}).openapi("SessionDetail");
