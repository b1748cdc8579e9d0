/**
 * Bounds what of a body is stored beside its content and shown in lists. Asked at the door only: what was accepted before these bounds
 * were there is stored as it is.
 */
import type { Envelope } from "./envelope.ts";
import { AppError } from "../errors.ts";
import type { EventsBody } from "../events/events-body.ts";
import type { JsonObject } from "../json/json.ts";
import { isJsonWithin, isTextWithin } from "../json/json-size.ts";
import { isKnown } from "../providers/request-messages.ts";
import type { Turn } from "./turn-body.ts";
import { MAX_METADATA_BYTES, MAX_NAME_BYTES } from "./turn-limits.ts";

/**
 * Check the fields of a turn. Messages that were read before have been checked then.
 * @throws AppError `invalid_envelope` naming the field.
 */
export function checkTurnSizes({ agentName, messages, response, envelope, meta }: Turn): void {
  checkTexts({ agent_name: agentName });
  checkTexts(
    { model: response.model, created_at: response.created_at, stop_reason: response.stop_reason },
    "response.",
  );
  checkTexts({ role: response.message.role }, "response.message.");
  checkObject(response.extra, "response.extra");
  if (envelope !== undefined) checkSession(envelope);
  if (meta !== undefined) {
    const { elapsed_seconds: _, ...texts } = meta;
    checkTexts(texts, "meta.");
  }
  messages.forEach((message, index) => {
    if (!isKnown(message)) checkText(message.role, () => `request: message ${index}: role`);
  });
}

/**
 * Check the fields of a post of events.
 * @throws AppError `invalid_envelope` naming the field.
 */
export function checkEventSizes({ session, events }: EventsBody): void {
  checkSession(session);
  events.forEach(({ metadata }, index) => checkObject(metadata, `events[${index}].metadata`));
}

// The ids that are keys have bounds of their own.
function checkSession({ auth_subject, harness_version, cwd, name, harness_metadata }: Envelope): void {
  checkTexts({ auth_subject, harness_version, cwd, name }, "session.");
  checkObject(harness_metadata, "session.harness_metadata");
}

function checkTexts(texts: Readonly<Record<string, string | undefined>>, prefix = ""): void {
  for (const field in texts) checkText(texts[field], () => `${prefix}${field}`);
}

function checkText(text: string | undefined, field: () => string): void {
  if (text !== undefined && !isTextWithin(text, MAX_NAME_BYTES)) throw tooLarge(field(), MAX_NAME_BYTES);
}

function checkObject(object: JsonObject | undefined, field: string): void {
  if (object !== undefined && !isJsonWithin(object, MAX_METADATA_BYTES))
    throw tooLarge(field, MAX_METADATA_BYTES);
}

function tooLarge(field: string, maxBytes: number): AppError {
  return new AppError("invalid_envelope", `invalid envelope: ${field}: more than ${maxBytes} bytes`);
}
