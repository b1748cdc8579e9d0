/** Parts of contracts that several routes share. */
import { z } from "@hono/zod-openapi";

const HASH_EXAMPLE = "781233c52618cb1b5cc432f92585cb1881c1883b71dcc3317c9f3b3feb57f7ff";

/** A whole number in a query string: digits only, nothing is clamped or rounded. */
export function wholeNumber(bounds: { readonly min: number; readonly max: number }) {
  return z
    .string()
    .regex(/^\d{1,16}$/, "must be a whole number")
    .transform(Number)
    .pipe(
      z
        .number()
        .min(bounds.min, `must be at least ${bounds.min}`)
        .max(bounds.max, `must be at most ${bounds.max}`),
    )
    .optional()
    .openapi({ type: "integer", minimum: bounds.min, maximum: bounds.max });
}

/** The same, with a value for when it is left out. */
export function wholeNumberOr(fallback: number, bounds: { readonly min: number; readonly max: number }) {
  return wholeNumber(bounds)
    .transform((value) => value ?? fallback)
    .openapi({ type: "integer", minimum: bounds.min, maximum: bounds.max, default: fallback });
}

/** An exclusive sequence cursor. */
export const after = wholeNumberOr(0, { min: 0, max: Number.MAX_SAFE_INTEGER });

/** The reader's org, in open mode. */
export const orgQuery = {
  org_id: z
    .string()
    .optional()
    .openapi({ format: "uuid", description: "The org in open mode; the header X-Turnpike-Org-Id wins." }),
};

/** Rows of every org; for whoever has the scope `admin`. */
export const allOrgsQuery = z
  .enum(["true", "false"])
  .default("false")
  .transform((value) => value === "true")
  .openapi({ type: "string", enum: ["true", "false"], description: "The rows of every org." });

/** An id in a path. */
export function uuidParam(name: string) {
  return z
    .uuid("is not a valid UUID")
    .transform((value) => value.toLowerCase())
    .openapi({ param: { name, in: "path" }, type: "string", format: "uuid" });
}

/** A point in time, in UTC, with microseconds. */
export const time = z.string().openapi({ format: "date-time", example: "2026-11-21T07:10:00.123456Z" });

/** A node hash. */
export const hash = z.string().openapi({ description: "SHA-256, lower-case hex.", example: HASH_EXAMPLE });

/** A node hash in a path. */
export const hashParam = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex digits")
  .openapi({ param: { name: "hash", in: "path" }, example: HASH_EXAMPLE });

/** An opaque JSON object. */
export const jsonObject = z.record(z.string(), z.any()).openapi({ type: "object" });

/** What was too large for an answer. */
export const truncated = z.record(z.string(), z.int()).openapi({
  type: "object",
  additionalProperties: { type: "integer" },
  description:
    "What was too large: by the name of the field its size in bytes. JSON is left out, so that it is empty or null; a text is cut to its " +
    "beginning, an event's `message` is null. Absent when everything is whole.",
  example: { metadata: 31_457_280 },
});

/** Of what was too large, what a route shows, by the route's names of it. */
export function renameTruncated(
  sizes: Readonly<Record<string, number>> | undefined,
  names: Readonly<Record<string, string>>,
): { truncated?: Record<string, number> } {
  const shown = Object.entries(sizes ?? {}).flatMap(([name, size]) =>
    names[name] === undefined ? [] : [[names[name], size] as const],
  );
  return shown.length === 0 ? {} : { truncated: Object.fromEntries(shown) };
}
