/** What a client may not say about a session, because readers take it for Turnpike's own word. */
const tombstones: ReadonlySet<string> = new Set(["redacted", "pruned"]);

// Ids that the store makes of what they speak of: another event under one of these would stand in its way.
const RESERVED_ID = /^(?:redacted|pruned|parent_link_refused|import):/;

/** The shape of every event type: snake_case, at most this long. */
export const MAX_EVENT_TYPE_LENGTH = 100;

/** The shape of every event type. */
export const EVENT_TYPE = /^[a-z_]+$/;

/** Tell whether an event of this type stands for one that was erased. */
export function isTombstoneType(eventType: string): boolean {
  return tombstones.has(eventType);
}

/** Tell whether an event id is of those that the store makes itself. */
export function isReservedEventId(id: string): boolean {
  return RESERVED_ID.test(id);
}
