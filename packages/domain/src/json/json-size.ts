import { isJsonArray, type JsonValue } from "./json.ts";

// A character is at most six bytes of JSON (`\u0000`), a number at most 25.
const MAX_CHAR_BYTES = 6;
const MAX_NUMBER_BYTES = 25;
const MAX_LITERAL_BYTES = 5;

/** Tell whether the UTF-8 of a text takes no more than so many bytes. */
export function isTextWithin(text: string, maxBytes: number): boolean {
  // Nearly always: a UTF-16 unit is at most three bytes.
  return text.length * 3 <= maxBytes || (text.length <= maxBytes && Buffer.byteLength(text) <= maxBytes);
}

/** Cut a text to so many bytes of UTF-8 at most, between characters. */
export function cutText(text: string, maxBytes: number): string {
  if (isTextWithin(text, maxBytes)) return text;
  const bytes = Buffer.from(text.slice(0, maxBytes));
  let end = maxBytes;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end);
}

/**
 * Tell whether a value, written as JSON in UTF-8 without white space, takes no more than so many bytes. A value that is far smaller
 * or larger is not written to find out; one that is larger is not walked to its end.
 */
export function isJsonWithin(value: JsonValue, maxBytes: number): boolean {
  const { least, most } = estimate(value, maxBytes);
  if (most <= maxBytes) return true;
  return least <= maxBytes && Buffer.byteLength(JSON.stringify(value)) <= maxBytes;
}

/** What a value takes at least and at most; of one that takes more than enough, more than enough. */
function estimate(value: JsonValue, enough: number): { least: number; most: number } {
  let [least, most] = [0, 0];
  const add = (chars: number, punctuation: number): void => {
    least += chars + punctuation;
    most += chars * MAX_CHAR_BYTES + punctuation;
  };
  const visit = (each: JsonValue): void => {
    if (typeof each === "string") add(each.length, 2);
    else if (typeof each !== "object" || each === null) {
      least += 1;
      most += typeof each === "number" ? MAX_NUMBER_BYTES : MAX_LITERAL_BYTES;
    } else if (isJsonArray(each)) {
      add(0, 2);
      for (const item of each) {
        if (least > enough) return;
        visit(item);
        add(0, 1);
      }
      if (each.length > 0) add(0, -1);
    } else {
      const keys = Object.keys(each);
      add(0, 2);
      for (const key of keys) {
        if (least > enough) return;
        add(key.length, 4);
        visit(each[key] as JsonValue);
      }
      if (keys.length > 0) add(0, -1);
    }
  };
  visit(value);
  return { least, most };
}
