import { canonicalJson } from "@turnpike/domain/chain/canonical-json";
import { AppError } from "@turnpike/domain/errors";
import type { NewEvent, StoredEvent } from "@turnpike/domain/events/event-store";

/** What is to be done with each event of an append, in its order. */
export interface ResolvedEvents {
  /** New ones; an id that comes twice is here once. */
  readonly fresh: readonly NewEvent[];
  /** Per event of the append: the stored event it repeats, or its place in `fresh`. */
  readonly places: readonly (StoredEvent | number)[];
}

/**
 * Tell new events from repeated ones.
 * @throws AppError `event_conflict` when an id is there, or comes twice, with another body; it names the id's place.
 */
export function resolveKnown(
  events: readonly NewEvent[],
  known: ReadonlyMap<string, StoredEvent>,
): ResolvedEvents {
  const fresh: NewEvent[] = [];
  const placeOfId = new Map<string, number>();
  const places = events.map((event, index) => {
    const stored = event.id === undefined ? undefined : known.get(event.id);
    if (stored !== undefined) {
      if (bodyOf(stored) !== bodyOf(event)) throw conflict(index);
      return stored;
    }
    const place = event.id === undefined ? undefined : placeOfId.get(event.id);
    if (place !== undefined) {
      if (bodyOf(fresh[place] as NewEvent) !== bodyOf(event)) throw conflict(index);
      return place;
    }
    if (event.id !== undefined) placeOfId.set(event.id, fresh.length);
    fresh.push(event);
    return fresh.length - 1;
  });
  return { fresh, places };
}

/** The ids that must be looked up before an append. */
export function idsOf(events: readonly NewEvent[]): string[] {
  return [...new Set(events.flatMap((event) => (event.id === undefined ? [] : [event.id])))];
}

/** What makes two events with one id the same. Times are compared as points in time, to the millisecond that both hold. */
function bodyOf(event: NewEvent | StoredEvent): string {
  const { eventType, occurredAt, runId, message, metadata } = event;
  const facts = [
    eventType,
    occurredAt === undefined || occurredAt === null ? null : new Date(occurredAt).valueOf(),
    runId ?? null,
    message ?? null,
  ];
  // On its own: inside of anything, metadata as deep as is allowed would be too deep.
  return canonicalJson(facts) + canonicalJson(metadata ?? {});
}

function conflict(index: number): AppError {
  return new AppError("event_conflict", `events[${index}].id: is there already, with another body`);
}
