/**
 * Looks over JSON before it is parsed, in one pass over the bytes outside strings: whether it is nested too deep or holds too many
 * values. Parsing either takes gigabytes and holds its thread for tens of seconds, at a few kilobytes of gzip.
 * Of valid JSON what it says is right; of anything else it is right up to where `JSON.parse` gives up.
 */
import type { ListFinder } from "../conversation-cache/find-message-list.ts";
import { createNameCounter, type NameCounter } from "./name-counter.ts";

/** How deep a body may be nested: a little deeper than what is opaque inside it (`find-json-fault.ts`). */
export const MAX_BODY_DEPTH = 520;

/** How many values a body may hold, objects and arrays included. A long conversation holds some thousands. */
export const MAX_BODY_VALUES = 1_000_000;

/**
 * How many of these may be objects or arrays, and how many different names their members may have. A name that comes once costs V8 up
 * to 760 bytes and 5 µs, an object 56 bytes and whatever is made of it; a number in an array, and a name that is known, cost a hundredth
 * (2026-11-30). Bodies of agents hold an object or array every 350 bytes and some fifty names in all.
 */
export const MAX_BODY_CONTAINERS = 200_000;
export const MAX_BODY_NAMES = 200_000;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const SPACE = 0x20;

/** Most names end within these. From there on the quote is searched for, and each search has its price. */
const NEAR_BYTES = 8;

/** A text is looked at in pieces: it is never there as bytes as a whole. */
const TEXT_PIECE_CHARS = 65_536;

const NO_LIST = -1;
const NO_STRING = -1;

/** What a pass over JSON found. */
export interface JsonScan {
  /** The bound that it breaks; undefined when it keeps both. */
  readonly excess: string | undefined;
  /** It is depth that is exceeded. */
  readonly isTooDeep: boolean;
  /** How many values it holds; not all of them when a bound is broken. */
  readonly values: number;
  /** How many of these are members of objects. */
  readonly members: number;
}

/** A pass over JSON that comes in pieces. */
export interface JsonScanner {
  /** Look over the next bytes; the bound that is broken now, if one is. */
  scan(bytes: Uint8Array): string | undefined;
  /** What was found so far. */
  counts(): Omit<JsonScan, "excess">;
}

interface State {
  depth: number;
  values: number;
  members: number;
  containers: number;
  readonly names: NameCounter;
  /** Nothing has come yet behind the bracket that was opened last, or at all. */
  isFresh: boolean;
  isInString: boolean;
  /** The next byte is escaped. */
  isEscaped: boolean;
}

/**
 * Look over JSON text, or the UTF-8 of it. Linear, at most 6 ns per byte whatever it holds, 0.6 for usual texts (2026-11-30).
 * @param finder is told of lists; of UTF-8 only.
 */
export function scanJson(json: string | Buffer, finder?: ListFinder): JsonScan {
  const scanner = createJsonScanner(finder);
  let excess: string | undefined;
  if (typeof json !== "string") excess = scanner.scan(json);
  else
    for (let at = 0; at < json.length && excess === undefined; at += TEXT_PIECE_CHARS)
      excess = scanner.scan(Buffer.from(json.slice(at, at + TEXT_PIECE_CHARS)));
  return { excess, ...scanner.counts() };
}

/**
 * Begin a pass over UTF-8 that comes in pieces.
 * @param finder is told of lists, where all comes in one piece.
 */
export function createJsonScanner(finder?: ListFinder): JsonScanner {
  const state: State = {
    depth: 0,
    values: 0,
    members: 0,
    containers: 0,
    names: createNameCounter(),
    isFresh: true,
    isInString: false,
    isEscaped: false,
  };
  return {
    scan: (bytes) => scanPiece(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), state, finder),
    counts: () => ({
      isTooDeep: state.depth > MAX_BODY_DEPTH,
      values: state.values,
      members: state.members,
    }),
  };
}

/** Go on with the next bytes; which bound they break. */
function scanPiece(bytes: Buffer, state: State, finder?: ListFinder): string | undefined {
  const { length } = bytes;
  let place = state.isInString ? endString(bytes, state.isEscaped ? 1 : 0, state) : 0;
  let { depth, values, members, containers, isFresh } = state;
  let listDepth = NO_LIST;
  // The string that was passed last; none yet of these bytes.
  let [stringFrom, stringTo] = [NO_STRING, NO_STRING];
  while (place < length) {
    const byte = bytes[place] as number;
    place += 1;
    if (byte === QUOTE) {
      if (isFresh) values += 1;
      isFresh = false;
      stringFrom = place;
      place = endString(bytes, place, state);
      stringTo = place - 1;
    } else if (byte === COMMA) {
      values += 1;
      isFresh = false;
      if (depth === listDepth) finder?.endItem(bytes, place - 1);
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      if (isFresh) values += 1;
      isFresh = true;
      depth += 1;
      containers += 1;
      state.depth = depth;
      if (depth > MAX_BODY_DEPTH) return `nested deeper than ${MAX_BODY_DEPTH} levels`;
      if (containers > MAX_BODY_CONTAINERS)
        return `more than ${MAX_BODY_CONTAINERS} values that are objects or arrays`;
      if (finder?.open(bytes, place - 1, depth) === true) listDepth = depth;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      if (depth === listDepth) {
        if (!isFresh) finder?.endItem(bytes, place - 1);
        finder?.close(place - 1);
        listDepth = NO_LIST;
      }
      isFresh = false;
      depth -= 1;
    } else if (byte === COLON) {
      members += 1;
      // A name that came with the bytes before counts as a new one.
      const names = state.names.count(bytes, stringFrom, stringTo);
      if (names > MAX_BODY_NAMES) return `more than ${MAX_BODY_NAMES} different names of members`;
    } else if (isFresh && byte > SPACE) {
      values += 1;
      isFresh = false;
    }
    if (values > MAX_BODY_VALUES) return `more than ${MAX_BODY_VALUES} values`;
  }
  Object.assign(state, { depth, values, members, containers, isFresh });
  return undefined;
}

/** Behind the string's last quote, or the end of the bytes when it goes on. */
function endString(bytes: Buffer, from: number, state: State): number {
  const { length } = bytes;
  let place = from;
  state.isInString = false;
  state.isEscaped = false;
  while (place < length) {
    const near = Math.min(place + NEAR_BYTES, length);
    while (place < near) {
      const byte = bytes[place];
      if (byte === QUOTE) return place + 1;
      place += byte === BACKSLASH ? 2 : 1;
    }
    if (place >= length) break;
    const quote = bytes.indexOf(QUOTE, place);
    const end = quote < 0 ? length : quote;
    // Looked at once: the next search begins behind them.
    let backslashes = 0;
    while (end - backslashes > place && bytes[end - backslashes - 1] === BACKSLASH) backslashes += 1;
    const isEscaped = backslashes % 2 === 1;
    if (quote >= 0 && !isEscaped) return quote + 1;
    place = isEscaped ? end + 1 : end;
  }
  state.isInString = true;
  state.isEscaped = place > length;
  return length;
}
