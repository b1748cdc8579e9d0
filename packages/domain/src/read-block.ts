import type { Block } from "./block.ts";
import { findJsonFault } from "./find-json-fault.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";

/** A block while a parser fills it in. */
export type BlockDraft = { -readonly [Field in keyof Block]: Block[Field] };

/** Read a string, or undefined when the value is anything else. */
export function readString(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** List the objects among an array's items; none when the value is no array. */
export function listObjects(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]).filter(isJsonObject) : [];
}

/**
 * Read the arguments of a tool call, which OpenAI sends as JSON text: an object, null, or undefined when the text is
 * neither, or holds what can be neither hashed nor stored.
 */
export function readArguments(text: JsonValue | undefined): JsonObject | null | undefined {
  if (typeof text !== "string") return undefined;
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
  if (value === null) return null;
  return isJsonObject(value) && findJsonFault(value) === undefined ? value : undefined;
}
