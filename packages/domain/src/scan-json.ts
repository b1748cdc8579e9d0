/**
 * Finds its way through JSON as bytes, without parsing it: where a member of an object is, where the items of an array end.
 * Of valid JSON what it says is right. Of anything else it says something or nothing, and ends in any case: whoever relies on it
 * parses the pieces.
 */

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Where the items of an array end, and the array itself. */
export interface ArrayEnds {
  /** Behind the last byte of each item. */
  readonly ends: readonly number[];
  /** Of the bracket that closes the array. */
  readonly close: number;
}

/**
 * Find the value of an object's first member of a name that is written without escapes; where the value begins.
 * @param at of the brace that opens the object.
 */
export function findMember(bytes: Buffer, at: number, name: string): number | undefined {
  if (bytes[at] !== OPEN_OBJECT) return undefined;
  let place = skipSpace(bytes, at + 1);
  while (bytes[place] === QUOTE) {
    const nameEnd = skipString(bytes, place);
    const colon = skipSpace(bytes, nameEnd);
    if (bytes[colon] !== COLON) return undefined;
    const value = skipSpace(bytes, colon + 1);
    if (isText(bytes, place + 1, nameEnd - 1, name)) return value;
    const behind = skipSpace(bytes, skipValue(bytes, value));
    if (bytes[behind] !== COMMA) return undefined;
    place = skipSpace(bytes, behind + 1);
  }
  return undefined;
}

/**
 * List where the items of an array end, from the first or from one of them on.
 * @param from behind the bracket that opens the array, or behind one of its items.
 */
export function listItemEnds(bytes: Buffer, from: number): ArrayEnds | undefined {
  const ends: number[] = [];
  let place = skipSpace(bytes, from);
  while (bytes[place] !== CLOSE_ARRAY) {
    const value = bytes[place] === COMMA ? skipSpace(bytes, place + 1) : place;
    const end = skipValue(bytes, value);
    if (end === value || end > bytes.length) return undefined;
    ends.push(end);
    place = skipSpace(bytes, end);
  }
  return { ends, close: place };
}

/** Skip what JSON takes for space. */
export function skipSpace(bytes: Buffer, at: number): number {
  let place = at;
  for (;;) {
    const byte = bytes[place];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return place;
    place += 1;
  }
}

/** Behind the value that begins here; beyond the end of the bytes when it does not end. */
function skipValue(bytes: Buffer, at: number): number {
  const first = bytes[at];
  if (first === QUOTE) return skipString(bytes, at);
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) return skipNested(bytes, at);
  let place = at;
  while (place < bytes.length && !endsScalar(bytes[place] as number)) place += 1;
  return place;
}

function skipNested(bytes: Buffer, at: number): number {
  let depth = 0;
  let place = at;
  while (place < bytes.length) {
    const byte = bytes[place];
    if (byte === QUOTE) {
      place = skipString(bytes, place);
      continue;
    }
    place += 1;
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      depth -= 1;
      if (depth === 0) return place;
    }
  }
  return bytes.length + 1;
}

function skipString(bytes: Buffer, at: number): number {
  const { length } = bytes;
  let place = at + 1;
  while (place < length) {
    const byte = bytes[place];
    if (byte === QUOTE) return place + 1;
    place += byte === BACKSLASH ? 2 : 1;
  }
  return length + 1;
}

function endsScalar(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_ARRAY || byte === CLOSE_OBJECT || byte <= 0x20;
}

function isText(bytes: Buffer, from: number, to: number, text: string): boolean {
  if (to - from !== text.length) return false;
  for (let place = 0; place < text.length; place += 1)
    if (bytes[from + place] !== text.charCodeAt(place)) return false;
  return true;
}
