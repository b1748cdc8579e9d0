/**
 * Text that Postgres can hold. Neither `text` nor `jsonb` takes U+0000, and UTF-8 has no lone surrogates; a turn that
 * holds them is hashed as it came and stored with U+FFFD in their place.
 */

const REPLACEMENT = "\ufffd";

// With the `u` flag a surrogate matches only where it stands alone.
const UNSTORABLE = /[\0\ud800-\udfff]/gu;

// Besides the escapes themselves: escapes of the characters that such an escape is written with (`\`, `u`, hex digits),
// because a tool's arguments are JSON text inside JSON text.
const UNSTORABLE_ESCAPE = /\\u(?:0000|d[89a-f][0-9a-f]{2}|00(?:5c|75|3[0-9]|[46][1-6]))/i;

/** A value that Postgres can hold, and how many UTF-16 units of the original it replaces. */
export interface Storable<T> {
  readonly value: T;
  readonly replaced: number;
}

/**
 * Tell, cheaply, whether JSON text, or the UTF-8 of it, may parse to something that `toStorable` would change. A false alarm is
 * possible, the contrary is not; one pass over the text.
 */
export function mayHoldUnstorable(json: string | Buffer): boolean {
  // Most texts hold no such escape at all, which is cheaper to see.
  const holdsEscape = json.includes("\\u");
  // What is decoded from UTF-8 holds no lone surrogate but by an escape, and JSON no U+0000.
  if (typeof json !== "string") return holdsEscape && UNSTORABLE_ESCAPE.test(json.toString("latin1"));
  return (holdsEscape && UNSTORABLE_ESCAPE.test(json)) || !isStorable(json);
}

/**
 * Replace what Postgres cannot hold by U+FFFD, in the strings and keys of a value made of JSON's types (and undefined).
 * The value itself comes back when there is nothing to replace, and so does every untouched part of it. Of keys that become
 * equal the last wins.
 */
export function toStorable<T>(value: T): Storable<T> {
  const count = { replaced: 0 };
  const storable = replaceIn(value, count) as T;
  return { value: storable, replaced: count.replaced };
}

interface Count {
  replaced: number;
}

function replaceIn(value: unknown, count: Count): unknown {
  if (typeof value === "string") return replaceInString(value, count);
  if (typeof value !== "object" || value === null) return value;
  return Array.isArray(value)
    ? replaceInArray(value as readonly unknown[], count)
    : replaceInObject(value as Readonly<Record<string, unknown>>, count);
}

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

function replaceInString(text: string, count: Count): string {
  if (isStorable(text)) return text;
  return text.replace(UNSTORABLE, () => {
    count.replaced++;
    return REPLACEMENT;
  });
}

function replaceInArray(array: readonly unknown[], count: Count): readonly unknown[] {
  const before = count.replaced;
  const items = array.map((item) => replaceIn(item, count));
  return count.replaced === before ? array : items;
}

function replaceInObject(object: Readonly<Record<string, unknown>>, count: Count): unknown {
  const before = count.replaced;
  const entries = Object.entries(object).map(
    ([key, value]) => [replaceInString(key, count), replaceIn(value, count)] as const,
  );
  // `fromEntries` defines properties instead of assigning them: a key `__proto__` stays a key.
  return count.replaced === before ? object : Object.fromEntries(entries);
}
