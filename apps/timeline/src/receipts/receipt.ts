/** What became of an accepted turn or post of events, as the routes show it. */
import { z } from "@hono/zod-openapi";
import { hash, time } from "../http/fields.ts";
import { errorCode } from "../dead-letters/dead-letter-item.ts";

const receipt = z.uuid();
const sequence = z.int();
const headHash = hash.openapi({ description: "Of a turn's head; absent for a post of events." });
const turnId = z.uuid().openapi({ description: "Absent for a post of events." });

const Queued = z.object({
  receipt,
  state: z.literal("queued"),
  attempts: z.int().optional().openapi({ description: "Attempts that failed so far; absent when none did." }),
});

const Stored = z.object({
  receipt,
  state: z.literal("stored"),
  headHash: headHash.optional(),
  sessionId: z.uuid().optional().openapi({ description: "Absent when the turn came without an envelope." }),
  turnId: turnId.optional(),
  firstSequence: sequence.optional(),
  lastSequence: sequence.optional(),
});

const Duplicate = z.object({
  receipt,
  state: z.literal("duplicate"),
  headHash: headHash.optional(),
  sessionId: z.uuid().optional(),
  turnId: turnId.optional().openapi({ description: "The turn that was there before." }),
});

// The queue itself keeps what is dead only where no dead letter could be written: of that it knows less.
const Dead = z.object({
  receipt,
  state: z.literal("dead"),
  reason: z.string().openapi({ description: "The error's code, then its message." }),
  attempts: z.int(),
  code: errorCode.optional(),
  firstFailedAt: time.optional(),
  lastFailedAt: time.optional(),
  replaying: z
    .boolean()
    .optional()
    .openapi({ description: "It was put back into the queue, and has not come to its end." }),
  discarded: z.boolean().optional().openapi({ description: "It was given up; its body is gone." }),
});

/** What became of an accepted turn or post of events. */
export const Receipt = z.discriminatedUnion("state", [Queued, Stored, Duplicate, Dead]).openapi("Receipt");

/** What became of an accepted turn or post of events. */
export type Receipt = z.infer<typeof Receipt>;
