import { z } from "@hono/zod-openapi";
import type { StoredEvent } from "@turnpike/domain/events/event-store";
import { hash, jsonObject, time, truncated } from "../http/fields.ts";

/** An event as the cursor route and the stream show it. */
export const TimelineEvent = z
  .object({
    sequence: z.int().openapi({ description: "1, 2, 3, … within the session, without a gap." }),
    id: z.string(),
    eventType: z.string(),
    createdAt: time.openapi({ description: "Strictly increasing with the sequence." }),
    occurredAt: time.optional().openapi({ description: "The client's clock." }),
    metadata: jsonObject,
    runId: z.string().optional(),
    message: z.string().optional(),
    nodeHash: hash.optional(),
    turnId: z.uuid().optional(),
    truncated: truncated.optional(),
  })
  .openapi("TimelineEvent");

/** Absent facts are left out, never null. */
export function toTimelineEvent(event: StoredEvent): z.infer<typeof TimelineEvent> {
  return {
    sequence: event.sequence,
    id: event.id,
    eventType: event.eventType,
    createdAt: event.createdAt,
    ...(event.occurredAt === null ? {} : { occurredAt: event.occurredAt }),
    metadata: event.metadata,
    ...(event.runId === null ? {} : { runId: event.runId }),
    ...(event.message === null ? {} : { message: event.message }),
    ...(event.nodeHash === null ? {} : { nodeHash: event.nodeHash }),
    ...(event.turnId === null ? {} : { turnId: event.turnId }),
    ...(event.truncated === undefined ? {} : { truncated: event.truncated }),
  };
}
