import { z } from "@hono/zod-openapi";
import { hash, jsonObject, time, truncated } from "../http/fields.ts";

/** A turn as lists show it. */
export const TurnItem = z
  .object({
    id: z.uuid(),
    sessionId: z.uuid(),
    receipt: z.uuid(),
    rootHash: hash,
    headHash: hash,
    chainLength: z.int().openapi({ description: "Number of nodes, root to head." }),
    provider: z.string(),
    model: z.string(),
    agentName: z.string().nullable(),
    stopReason: z.string().nullable(),
    inputTokens: z.int(),
    outputTokens: z.int(),
    cacheCreationInputTokens: z.int(),
    cacheReadInputTokens: z.int(),
    costUsd: z.number().nullable().openapi({ description: "Null when the model has no known price." }),
    durationMs: z.number().nullable(),
    requestId: z.string().nullable(),
    upstreamRequestId: z.string().nullable(),
    threadId: z.string().nullable(),
    occurredAt: time.nullable().openapi({ description: "The capture client's clock." }),
    createdAt: time,
    replacedChars: z.int().openapi({
      description: "Characters that the store cannot hold (NUL, lone surrogates), replaced by U+FFFD.",
    }),
    extra: jsonObject.nullable(),
    firstSequence: z.int(),
    lastSequence: z.int(),
    truncated: truncated.optional(),
  })
  .openapi("Turn");
