import { isJsonArray, type JsonObject, type JsonValue } from "./json.ts";

/**
 * How deep the opaque JSON inside a turn may be nested. `JSON.parse` itself has no limit, but what walks its result
 * (hashing, storing) does: the call stack's, which ends a process.
 */
export const MAX_JSON_DEPTH = 512;

/**
 * Find what keeps a parsed JSON value from being hashed and stored: nesting beyond `MAX_JSON_DEPTH`, or a number that
 * `JSON.parse` could only read as infinite. Undefined when nothing does. Never throws, however deep the value.
 */
export function findJsonFault(value: JsonValue): string | undefined {
  return findFaultAt(value, 0);
}

function findFaultAt(value: JsonValue, depth: number): string | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? undefined : "holds a number out of range";
  if (typeof value !== "object" || value === null) return undefined;
  if (depth === MAX_JSON_DEPTH) return `nested deeper than ${MAX_JSON_DEPTH} levels`;
  const children = isJsonArray(value) ? value : valuesOf(value);
  for (const child of children) {
    const fault = findFaultAt(child, depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

const valuesOf = (object: JsonObject): readonly JsonValue[] => Object.values(object);
