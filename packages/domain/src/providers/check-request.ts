/**
 * The types that a provider's request must have. A field of the request itself or of one of its messages that has
 * another type makes the whole request unparsable; anything malformed further down is skipped by the parsers.
 */
import type { Message } from "./block.ts";
import { AppError } from "../errors.ts";
import { findJsonFault } from "../json/find-json-fault.ts";
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../json/json.ts";
import { splitList } from "./request-messages.ts";

const expectations = {
  string: { rule: "expected a string", holds: (value: JsonValue) => typeof value === "string" },
  number: { rule: "expected a number", holds: (value: JsonValue) => typeof value === "number" },
  boolean: { rule: "expected a boolean", holds: (value: JsonValue) => typeof value === "boolean" },
  array: { rule: "expected an array", holds: isJsonArray },
  object: { rule: "expected an object", holds: isJsonObject },
  "string or array": {
    rule: "expected a string or an array",
    holds: (value: JsonValue) => typeof value === "string" || isJsonArray(value),
  },
} as const;

/** Field name → the type that its value has, unless it is absent or null. */
export type FieldTypes = Readonly<Record<string, keyof typeof expectations>>;

/** Make the error that says which field of a request breaks which rule. */
export function unparsableRequest(field: string, rule: string): AppError {
  return new AppError("unparsable_request", `unprocessable turn: cannot parse request: ${field}: ${rule}`);
}

/**
 * Check the named fields of an object; others may hold anything.
 * @throws AppError `unparsable_request` naming `prefix` and the first field of a wrong type.
 */
export function checkFields(object: JsonObject, types: FieldTypes, prefix = ""): void {
  for (const field in types) {
    const value = object[field];
    if (value === undefined || value === null) continue;
    const { rule, holds } = expectations[types[field] as keyof typeof expectations];
    if (!holds(value)) throw unparsableRequest(`${prefix}${field}`, rule);
  }
}

/** How the messages of one kind of request are read. */
export interface MessageParser {
  readonly fields: FieldTypes;
  /** @param field of the message, for errors. */
  readonly parse: (message: JsonObject, field: string) => Message;
}

/**
 * Make what checks and parses a request's `messages`, none when absent. Those that were read before are taken as they are.
 * @throws AppError `unparsable_request` when it is no array, or a message is no object or has a field of a wrong type.
 */
export function createMessagesParser({ fields, parse }: MessageParser): (request: JsonObject) => Message[] {
  const parseFresh = (received: JsonValue, field: string): Message => {
    if (!isJsonObject(received)) throw unparsableRequest(field, expectations.object.rule);
    checkFields(received, fields, `${field}.`);
    return parse(received, field);
  };
  return (request) => {
    checkFields(request, { messages: "array" });
    const { known, fresh } = splitList((request["messages"] ?? []) as readonly JsonValue[]);
    return [
      ...known,
      ...fresh.map((received, index) => parseFresh(received, `messages[${known.length + index}]`)),
    ];
  };
}

/**
 * Check that JSON which is kept as it is can be hashed and stored; returns it.
 * @throws AppError `unparsable_request` naming the field when it is nested too deep or holds an infinite number.
 */
export function checkOpaque<T extends JsonValue>(value: T, field: string): T {
  const fault = findJsonFault(value);
  if (fault !== undefined) throw unparsableRequest(field, fault);
  return value;
}
