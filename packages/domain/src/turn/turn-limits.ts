/** Bounds of single fields of a turn. Lengths are in UTF-16 units, bytes of UTF-8. */

// Both are parts of one unique key: together with the org they must stay below the 2,704 bytes of a btree entry,
// at up to 3 bytes of UTF-8 per UTF-16 unit.
export const MAX_HARNESS_ID_LENGTH = 200;
export const MAX_SESSION_ID_LENGTH = 500;

export const MAX_FACT_LENGTH = 4_096;

/** Far above any real turn, and low enough that no sum over a session's turns leaves a 64-bit counter. */
export const MAX_TOKENS = 1_000_000_000_000;

/** Of a name, an id or another short text that is shown in lists. */
export const MAX_NAME_BYTES = 4_096;

/** Of an object that is kept beside the content, written as JSON. */
export const MAX_METADATA_BYTES = 262_144;

/** As many events of one turn as one transaction writes in well below the time that a lock may be held. */
export const MAX_TURN_EVENTS = 10_000;
