import { z } from "zod";
import { findJsonFault } from "@turnpike/domain/json/find-json-fault";
import { isJsonObject, type JsonObject, type JsonValue } from "@turnpike/domain/json/json";
import { readTime } from "@turnpike/domain/turn/read-time";
import { EVENT_TYPE, isTombstoneType, MAX_EVENT_TYPE_LENGTH } from "@turnpike/domain/events/reserved-events";
import { mayHoldUnstorable, toStorable } from "@turnpike/domain/prepare/storable-text";

/** Why a line is set aside, each with what it means for the person who imports. */
export const reasons = {
  line_too_long: "longer than 16 MiB",
  not_json: "not a JSON object in UTF-8",
  session_id_not_uuid: "sessionId is no UUID",
  session_unknown: "the org has no such session",
  bad_type: "event or eventType is not snake_case of at most 100 characters, or marks an erased event",
  bad_time: "timestamp or createdAt is no RFC 3339 time of the years 1970 to 9999",
  bad_metadata: "metadata is no JSON object, or is nested too deeply",
} as const;

/** Why a line is set aside. */
export type Reason = keyof typeof reasons;

/** An event of an older log. Its texts are storable. */
export interface LegacyEvent {
  /** In lower case. */
  readonly sessionId: string;
  readonly eventType: string;
  /** UTC, with microseconds. */
  readonly occurredAt: string;
  readonly metadata: JsonObject;
}

// Every version of RFC 9562, nil and max.
const AnyUuid = z.uuid();

/**
 * Read a line of an older log, in either of its two forms: `{sessionId, event, timestamp, …}`, whose other keys become the
 * metadata, or `{sessionId, eventType, createdAt, metadata}`, whose other keys are left out.
 */
export function parseLegacyLine(bytes: Buffer): LegacyEvent | Reason {
  const line = parseObject(bytes);
  if (line === undefined) return "not_json";
  const { sessionId, type, time, metadata } = Object.hasOwn(line, "eventType")
    ? readSecondForm(line)
    : readFirstForm(line);
  const id = typeof sessionId === "string" ? sessionId.toLowerCase() : "";
  if (!AnyUuid.safeParse(id).success) return "session_id_not_uuid";
  if (typeof type !== "string" || !isType(type)) return "bad_type";
  const occurredAt = typeof time === "string" ? readTime(time) : undefined;
  if (occurredAt === undefined) return "bad_time";
  if (!isJsonObject(metadata) || findJsonFault(metadata) !== undefined) return "bad_metadata";
  return { sessionId: id, eventType: type, occurredAt, metadata };
}

interface Fields {
  readonly sessionId: JsonValue | undefined;
  readonly type: JsonValue | undefined;
  readonly time: JsonValue | undefined;
  readonly metadata: JsonValue;
}

function readFirstForm(line: JsonObject): Fields {
  const { sessionId, event, timestamp, ...metadata } = line;
  return { sessionId, type: event, time: timestamp, metadata };
}

function readSecondForm(line: JsonObject): Fields {
  const { sessionId, eventType, createdAt, metadata } = line;
  return { sessionId, type: eventType, time: createdAt, metadata: metadata ?? {} };
}

function isType(type: string): boolean {
  return EVENT_TYPE.test(type) && type.length <= MAX_EVENT_TYPE_LENGTH && !isTombstoneType(type);
}

function parseObject(bytes: Buffer): JsonObject | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const parsed: unknown = JSON.parse(text);
    if (!isJsonObject(parsed)) return undefined;
    // What is nested too deeply to be walked is refused by what follows.
    if (!mayHoldUnstorable(text) || findJsonFault(parsed) !== undefined) return parsed;
    return toStorable(parsed).value;
  } catch {
    return undefined;
  }
}
