/**
 * Reads the body of a turn field by field, at a fraction of what its schema (`turn-body.ts`) costs. What must stay true: it
 * gives what the schema gives, or nothing at all; whatever is not plainly right is left to the schema, which also says what is
 * wrong with it. A property test holds the two against each other.
 */
import { type Envelope, NIL_UUID, UNKNOWN_HARNESS } from "./envelope.ts";
import { findJsonFault } from "../json/find-json-fault.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../json/json.ts";
import type { TurnBody, Usage } from "./turn-schema.ts";
import { MAX_FACT_LENGTH, MAX_HARNESS_ID_LENGTH, MAX_SESSION_ID_LENGTH, MAX_TOKENS } from "./turn-limits.ts";

type Fields = Readonly<Record<string, unknown>>;
type Response = TurnBody["response"];

/** Thrown, and caught here, where the schema has to decide. */
const NOT_PLAIN = Symbol("not plain");

const PLAIN_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Read a body, already parsed from JSON; undefined when the schema has to decide. */
export function readPlainBody(input: unknown): TurnBody | undefined {
  try {
    const body = fieldsOf(input);
    return {
      provider: text(body["provider"]) ?? "",
      agent_name: text(body["agent_name"]),
      request: (body["request"] ?? null) as JsonValue,
      response: readResponse(fieldsOf(body["response"])),
      session: optional(body["session"], readEnvelope),
      meta: optional(body["meta"], readMeta),
    };
  } catch (reason) {
    if (reason === NOT_PLAIN) return undefined;
    throw reason;
  }
}

/** Tell whether a block of a response is one that the schema takes. */
export function isPlainBlock(item: unknown): boolean {
  try {
    readBlock(item);
    return true;
  } catch (reason) {
    if (reason === NOT_PLAIN) return false;
    throw reason;
  }
}

function readResponse(response: Fields): Response {
  // Times are rare here, and have many forms.
  if (isPresent(response["created_at"])) throw NOT_PLAIN;
  const message = fieldsOf(response["message"]);
  return {
    model: text(response["model"]) ?? "",
    created_at: undefined,
    message: { role: text(message["role"]) ?? "", content: arrayOf(message["content"]).map(readBlock) },
    done: flag(response["done"]),
    stop_reason: text(response["stop_reason"]),
    usage: optional(response["usage"], readUsage),
    extra: jsonObject(response["extra"]),
  };
}

function readBlock(item: unknown): Response["message"]["content"][number] {
  const block = fieldsOf(item);
  return {
    type: text(block["type"]) ?? "",
    text: text(block["text"]),
    image_url: text(block["image_url"]),
    image_base64: text(block["image_base64"]),
    media_type: text(block["media_type"]),
    tool_use_id: text(block["tool_use_id"]),
    tool_name: text(block["tool_name"]),
    tool_input: jsonObject(block["tool_input"]),
    tool_result_id: text(block["tool_result_id"]),
    tool_output: text(block["tool_output"]),
    is_error: flag(block["is_error"]),
    thinking: text(block["thinking"]),
    thinking_signature: text(block["thinking_signature"]),
    content: isPresent(block["content"]) ? faultless(block["content"] as NonNullable<JsonValue>) : undefined,
  };
}

function readUsage(usage: Fields): Usage {
  return {
    prompt_tokens: whole(usage["prompt_tokens"], MAX_TOKENS),
    completion_tokens: whole(usage["completion_tokens"], MAX_TOKENS),
    total_tokens: whole(usage["total_tokens"], MAX_TOKENS),
    cache_creation_input_tokens: whole(usage["cache_creation_input_tokens"], MAX_TOKENS),
    cache_read_input_tokens: whole(usage["cache_read_input_tokens"], MAX_TOKENS),
    total_duration_ns: whole(usage["total_duration_ns"], Number.MAX_SAFE_INTEGER),
    prompt_duration_ns: whole(usage["prompt_duration_ns"], Number.MAX_SAFE_INTEGER),
  };
}

function readMeta(meta: Fields): NonNullable<TurnBody["meta"]> {
  const seconds = meta["elapsed_seconds"];
  if (isPresent(seconds) && !Number.isFinite(seconds)) throw NOT_PLAIN;
  return {
    request_id: text(meta["request_id"]),
    upstream_request_id: text(meta["upstream_request_id"]),
    thread_id: text(meta["thread_id"]),
    elapsed_seconds: isPresent(seconds) ? (seconds as number) : undefined,
    ts_request: text(meta["ts_request"]),
    captured_at: text(meta["captured_at"]),
  };
}

function readEnvelope(session: Fields): Envelope {
  const orgId = text(session["org_id"]) || NIL_UUID;
  if (orgId !== NIL_UUID && !PLAIN_UUID.test(orgId)) throw NOT_PLAIN;
  const parent = text(session["parent_harness_session_id"], MAX_SESSION_ID_LENGTH);
  if (parent === "") throw NOT_PLAIN;
  return {
    org_id: orgId,
    auth_subject: text(session["auth_subject"], MAX_FACT_LENGTH) ?? "",
    harness_id: text(session["harness_id"], MAX_HARNESS_ID_LENGTH) || UNKNOWN_HARNESS,
    harness_session_id: text(session["harness_session_id"], MAX_SESSION_ID_LENGTH) ?? "",
    parent_harness_session_id: parent,
    parent_harness_id: text(session["parent_harness_id"], MAX_HARNESS_ID_LENGTH) || undefined,
    harness_version: fact(session["harness_version"]),
    cwd: fact(session["cwd"]),
    name: fact(session["name"]),
    harness_metadata: jsonObject(session["harness_metadata"]),
  };
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function fieldsOf(value: unknown): Fields {
  if (!isJsonObject(value)) throw NOT_PLAIN;
  return value;
}

function optional<T>(value: unknown, read: (fields: Fields) => T): T | undefined {
  return isPresent(value) ? read(fieldsOf(value)) : undefined;
}

function text(value: unknown, maxLength = Number.POSITIVE_INFINITY): string | undefined {
  if (!isPresent(value)) return undefined;
  if (typeof value !== "string" || value.length > maxLength) throw NOT_PLAIN;
  return value;
}

function fact(value: unknown): string | undefined {
  const said = text(value, MAX_FACT_LENGTH);
  return said === undefined || said.trim() === "" ? undefined : said;
}

function flag(value: unknown): boolean | undefined {
  if (!isPresent(value)) return undefined;
  if (typeof value !== "boolean") throw NOT_PLAIN;
  return value;
}

function whole(value: unknown, max: number): number | undefined {
  if (!isPresent(value)) return undefined;
  if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > max) throw NOT_PLAIN;
  return value as number;
}

function arrayOf(value: unknown): readonly unknown[] {
  if (!isPresent(value)) return [];
  if (!Array.isArray(value)) throw NOT_PLAIN;
  return value as readonly unknown[];
}

function jsonObject(value: unknown): JsonObject | undefined {
  if (!isPresent(value)) return undefined;
  if (!isJsonObject(value)) throw NOT_PLAIN;
  return faultless(value);
}

function faultless<T extends JsonValue>(value: T): T {
  if (findJsonFault(value) !== undefined) throw NOT_PLAIN;
  return value;
}
