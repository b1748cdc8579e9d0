/** Query parameters of the routes that read events. */
import { z } from "@hono/zod-openapi";
import { wholeNumber } from "../http/fields.ts";
import { instant } from "../sessions/session-fields.ts";

const MAX_EVENT_TYPE_LENGTH = 100;
const MAX_RUN_ID_LENGTH = 200;

/** A type of event. */
export const eventType = z
  .string()
  .regex(/^[a-z_]+$/, "must be lower-case letters and underscores")
  .max(MAX_EVENT_TYPE_LENGTH, `must be at most ${MAX_EVENT_TYPE_LENGTH} characters`);

/** One type, or several by repeating the parameter. */
export const eventTypes = z
  .union([eventType.transform((one) => [one]), z.array(eventType)])
  .optional()
  .openapi({
    type: "array",
    items: { type: "string", pattern: "^[a-z_]+$", maxLength: MAX_EVENT_TYPE_LENGTH },
  });

/** An exclusive lower bound of `createdAt`. */
export const since = instant("Exclusive, against `createdAt`.");

/** A run of the harness. */
export const runId = z
  .string()
  .min(1)
  .max(MAX_RUN_ID_LENGTH)
  // The database cannot hold one, not even in a question.
  .refine((value) => !value.includes("\0"), "must not hold NUL")
  .optional();

/** An exclusive upper sequence cursor. */
export const before = wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER }).openapi({
  description: "Exclusive. Without `after`, the page is the one nearest below it.",
});
