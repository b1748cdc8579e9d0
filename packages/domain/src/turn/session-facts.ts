import type { Envelope } from "./envelope.ts";
import type { SessionFacts } from "../prepare/prepared-turn.ts";

/** Take from an envelope what it says of the session that has this id with its harness. */
export function sessionFactsOf(envelope: Envelope, harnessSessionId: string): SessionFacts {
  const parentId = envelope.parent_harness_session_id;
  return {
    harnessId: envelope.harness_id,
    harnessSessionId,
    parent:
      parentId === undefined
        ? undefined
        : { harnessId: envelope.parent_harness_id ?? envelope.harness_id, harnessSessionId: parentId },
    authSubject: envelope.auth_subject,
    harnessVersion: envelope.harness_version,
    cwd: envelope.cwd,
    name: envelope.name,
    metadata: envelope.harness_metadata ?? {},
  };
}
