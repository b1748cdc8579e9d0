import type { Envelope } from "@turnpike/domain/turn/envelope";

/** Name the session of an envelope, so that what belongs to it is kept together in the queue; undefined when it names none. */
export function groupOf(envelope: Envelope | undefined): string | undefined {
  if (envelope === undefined || envelope.harness_session_id === "") return undefined;
  return JSON.stringify([envelope.org_id, envelope.harness_id, envelope.harness_session_id]);
}
