/**
 * RFC 8785 (JSON Canonicalization Scheme). Our own because this is the hot path: it writes text in one pass, relying on
 * `JSON.stringify` being exactly the RFC's serialisation of numbers and of well-formed strings.
 */
import { AppError } from "../errors.ts";
import { MAX_JSON_DEPTH } from "../json/find-json-fault.ts";
import { isJsonArray, type JsonObject, type JsonValue } from "../json/json.ts";

/**
 * Write a JSON value, which `depth` levels enclose already, in its canonical form: no white space, keys sorted by UTF-16 code units, numbers as ECMAScript
 * writes them. Lone surrogates become U+FFFD first; of keys that become equal by that, the last wins.
 * @throws AppError `unparsable_request` when it is nested deeper than `MAX_JSON_DEPTH` or holds an infinite number.
 */
export function canonicalJson(value: JsonValue, depth = 0): string {
  return writeValue(value, depth);
}

/** Write a string in its canonical form, quotes included; lone surrogates become U+FFFD. */
export function canonicalString(text: string): string {
  return JSON.stringify(text.toWellFormed());
}

/** List an object's own properties in canonical order, under well-formed keys. */
export function canonicalEntries(object: JsonObject): readonly (readonly [string, JsonValue])[] {
  const entries = Object.entries(object);
  const isWellFormed = entries.every(([key]) => key.isWellFormed());
  const distinct = isWellFormed
    ? entries
    : [...new Map(entries.map(([key, value]) => [key.toWellFormed(), value]))];
  return distinct.sort(([a], [b]) => (a < b ? -1 : 1));
}

function writeValue(value: JsonValue, depth: number): string {
  if (typeof value === "string") return canonicalString(value);
  if (typeof value === "number") return writeNumber(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (depth === MAX_JSON_DEPTH) throw unwritable(`nested deeper than ${MAX_JSON_DEPTH} levels`);
  return isJsonArray(value) ? writeArray(value, depth + 1) : writeObject(value, depth + 1);
}

function writeNumber(value: number): string {
  if (!Number.isFinite(value)) throw unwritable("number out of range");
  return JSON.stringify(value);
}

function writeArray(array: readonly JsonValue[], depth: number): string {
  let text = "[";
  for (const item of array) text += (text === "[" ? "" : ",") + writeValue(item, depth);
  return `${text}]`;
}

function writeObject(object: JsonObject, depth: number): string {
  let text = "{";
  for (const [key, value] of canonicalEntries(object)) {
    text += `${text === "{" ? "" : ","}${canonicalString(key)}:${writeValue(value, depth)}`;
  }
  return `${text}}`;
}

function unwritable(rule: string): AppError {
  return new AppError("unparsable_request", `unprocessable turn: no canonical JSON: ${rule}`);
}
