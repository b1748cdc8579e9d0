import type { NewEvent } from "../events/event-store.ts";
import { readEventsBody } from "../events/events-body.ts";
import { parseBody } from "./parse-body.ts";
import type { SessionFacts } from "./prepared-turn.ts";
import { sessionFactsOf } from "../turn/session-facts.ts";
import { mayHoldUnstorable, toStorable } from "./storable-text.ts";

/** A post of lifecycle events that is ready to be written. Its texts are storable. */
export interface PreparedEvents {
  readonly receipt: string;
  readonly orgId: string;
  readonly session: SessionFacts;
  readonly events: readonly NewEvent[];
}

/**
 * Read a post of lifecycle events out of its body. Pure.
 * @throws AppError `invalid_envelope`: the body should have been refused at the door, so this is permanent.
 */
export function prepareEvents(raw: {
  readonly receipt: string;
  readonly orgId: string;
  readonly body: string | Buffer;
}): PreparedEvents {
  const received = readEventsBody(parseBody(raw.body));
  const { session, events } = mayHoldUnstorable(raw.body) ? toStorable(received).value : received;
  return {
    receipt: raw.receipt,
    orgId: raw.orgId,
    session: sessionFactsOf(session, session.harness_session_id),
    events: events.map((event) => ({
      id: event.id,
      eventType: event.type,
      occurredAt: event.occurred_at,
      runId: event.run_id,
      message: event.message,
      metadata: event.metadata,
    })),
  };
}
