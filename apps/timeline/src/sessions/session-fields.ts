/** Query parameters of the routes about sessions. */
import { z } from "@hono/zod-openapi";

const MAX_TEXT_LENGTH = 4_096;
const NO_TIME = "must be an RFC 3339 date and time";

/** A text that something is compared with, exactly. */
export const exactText = z
  .string()
  .max(MAX_TEXT_LENGTH, `must be at most ${MAX_TEXT_LENGTH} characters`)
  .optional();

/** An id that something is compared with. */
export const uuidQuery = z
  .uuid("is not a valid UUID")
  .transform((value) => value.toLowerCase())
  .optional()
  .openapi({ type: "string", format: "uuid" });

/** A point in time; becomes UTC with microseconds, what is finer is cut off. Years 1 to 9999. */
export function instant(description: string) {
  return z.iso
    .datetime({ offset: true, error: NO_TIME })
    .transform(toMicroseconds)
    .pipe(
      z.iso.datetime({ precision: 6, error: NO_TIME }).refine((value) => !value.startsWith("0000"), NO_TIME),
    )
    .optional()
    .openapi({ type: "string", format: "date-time", description });
}

/** A JavaScript date keeps milliseconds only. */
function toMicroseconds(time: string): string {
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? "";
  return new Date(time).toISOString().replace("Z", `${fraction.slice(3, 6).padEnd(3, "0")}Z`);
}
