import { createHash } from "node:crypto";
import { AppError } from "@turnpike/domain/errors";
import { z } from "zod";

const Cursor = z.object({ scope: z.string(), key: z.array(z.string()) });

/**
 * Make an opaque cursor: the key of the last row shown, bound to the query that it belongs to.
 * @param scope of `toScope`.
 */
export function encodeCursor(scope: string, key: readonly string[]): string {
  return Buffer.from(JSON.stringify({ scope, key })).toString("base64url");
}

/**
 * Read a cursor back. Its key is what somebody sent: check it before it reaches a query.
 * @throws AppError `invalid_query` when it is none of ours, or belongs to a query with other filters or another sort.
 */
export function decodeCursor(scope: string, cursor: string): readonly string[] {
  const parsed = Cursor.safeParse(parse(cursor));
  if (!parsed.success) throw new AppError("invalid_query", "cursor: not a cursor of this route");
  if (parsed.data.scope !== scope) {
    throw new AppError("invalid_query", "cursor: belongs to a query with other filters or another sort");
  }
  return parsed.data.key;
}

/** Make a scope of what must not change between pages: short, whatever its length. It guards against mistakes, not forgery. */
export function toScope(...parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, 16);
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
