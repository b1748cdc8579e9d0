/**
 * Finds where in the body of a turn the messages of its request lie, while the body is looked over (`scan-json.ts`). What it says is
 * right of valid JSON, but that a member of the same name may replace what was found: whoever relies on it parses the pieces.
 */

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;
const SPACE = 0x20;

// The body is at depth 1.
const REQUEST_DEPTH = 2;
const LIST_DEPTH = 3;

/** By which names a request holds its messages; the first is taken where it has both. */
export const LIST_NAMES = ["messages", "input"] as const;

/** The name of a list of messages. */
export type ListName = (typeof LIST_NAMES)[number];

/** Where a list of messages lies. */
export interface ListPlace {
  /** The first byte behind the bracket that opens it. */
  readonly start: number;
  /** Behind the last byte of each item, counted from the start. */
  readonly ends: readonly number[];
  /** The bracket that closes it, counted from the start. */
  readonly close: number;
}

/** Told what a pass over a body comes by. */
export interface ListFinder {
  /** A bracket opens an object or an array; true when it is a list of messages, of which more is to be told. */
  open(bytes: Buffer, at: number, depth: number): boolean;
  /** A comma, or the bracket that closes the list, ends an item. */
  endItem(bytes: Buffer, at: number): void;
  /** The list ends. */
  close(at: number): void;
  /** The list, once the pass is over. */
  found(): ListPlace | undefined;
}

/** Make a finder for one body. */
export function createListFinder(): ListFinder {
  let isInRequest = false;
  let open: { readonly start: number; readonly ends: number[]; readonly rank: number } | undefined;
  let list: ListPlace | undefined;
  let listRank: number = LIST_NAMES.length;

  return {
    open(bytes, at, depth) {
      if (depth > LIST_DEPTH) return false;
      if (depth < LIST_DEPTH) {
        isInRequest = depth === REQUEST_DEPTH && bytes[at] === OPEN_OBJECT && isNamed(bytes, at, "request");
        return false;
      }
      if (!isInRequest || bytes[at] !== OPEN_ARRAY) return false;
      const rank = LIST_NAMES.findIndex((name) => isNamed(bytes, at, name));
      if (rank < 0 || rank >= listRank) return false;
      open = { start: at + 1, ends: [], rank };
      return true;
    },
    endItem(bytes, at) {
      if (open === undefined) return;
      let end = at;
      while ((bytes[end - 1] as number) <= SPACE) end -= 1;
      open.ends.push(end - open.start);
    },
    close(at) {
      if (open === undefined) return;
      const { start, ends, rank } = open;
      list = { start, ends, close: at - start };
      listRank = rank;
      open = undefined;
    },
    found: () => list,
  };
}

/** Tell whether a value is a member of this name, written without escapes. */
function isNamed(bytes: Buffer, value: number, name: string): boolean {
  const colon = skipSpaceBack(bytes, value - 1);
  if (bytes[colon] !== COLON) return false;
  const end = skipSpaceBack(bytes, colon - 1);
  const start = end - name.length - 1;
  return (
    start > 0 &&
    bytes[end] === QUOTE &&
    bytes[start] === QUOTE &&
    bytes[start - 1] !== BACKSLASH &&
    bytes.toString("latin1", start + 1, end) === name
  );
}

function skipSpaceBack(bytes: Buffer, from: number): number {
  let place = from;
  while (place >= 0 && (bytes[place] as number) <= SPACE) place -= 1;
  return place;
}
