import type { Block } from "./block.ts";
import { unparsableRequest } from "./check-request.ts";
import { findJsonFault } from "../json/find-json-fault.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../json/json.ts";
import { scanJson } from "../json/scan-json.ts";

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

/** Reads the arguments of the tool calls of one request. */
export type ReadArguments = (text: JsonValue | undefined, field: string) => JsonObject | null | undefined;

/**
 * How many values, and how many members of objects, the arguments of one request may hold in all. A body of 4 MiB cannot hold more, at
 * two bytes a value and seven a member: a request of which some messages were read before (`conversation-cache.ts`) is never refused for
 * those that were not.
 */
const MAX_ARGUMENT_VALUES = 2_200_000;
const MAX_ARGUMENT_MEMBERS = 600_000;

/**
 * Make what reads the arguments of tool calls, which OpenAI sends as JSON text: an object, null, or undefined when the text is
 * neither, or holds what can be neither hashed nor stored.
 * @throws (what is made) AppError `unparsable_request` naming the field, when one text, or all together, hold too many values.
 */
export function createArgumentsReader(): ReadArguments {
  let [valuesLeft, membersLeft] = [MAX_ARGUMENT_VALUES, MAX_ARGUMENT_MEMBERS];
  return (text, field) => {
    if (typeof text !== "string") return undefined;
    const { excess, isTooDeep, values, members } = scanJson(text);
    if (isTooDeep) return undefined;
    if (excess !== undefined) throw unparsableRequest(field, `arguments: ${excess}`);
    valuesLeft -= values;
    membersLeft -= members;
    if (valuesLeft < 0 || membersLeft < 0)
      throw unparsableRequest(field, "arguments: too many values in all");
    return parseArguments(text);
  };
}

function parseArguments(text: string): JsonObject | null | undefined {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
  if (value === null) return null;
  return isJsonObject(value) && findJsonFault(value) === undefined ? value : undefined;
}
