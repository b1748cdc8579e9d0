/**
 * The projection of a block: the part of it that is hashed, written straight as canonical JSON (ingest contract,
 * section 6). The block itself is left as it was received.
 */
import type { Block } from "../providers/block.ts";
import { canonicalEntries, canonicalJson, canonicalString } from "./canonical-json.ts";
import { MAX_JSON_DEPTH } from "../json/find-json-fault.ts";
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "../json/json.ts";
import { normaliseWhitespace } from "./normalise-whitespace.ts";
import { stripHarnessTags } from "./strip-harness-tags.ts";

/**
 * Write the canonical JSON of a block's projection; undefined when nothing of its text is left, which drops the block.
 * @throws AppError `unparsable_request` when its opaque JSON is nested too deep.
 */
export function projectBlock(block: Block): string | undefined {
  const text = block.text ? projectText(block.text) : "";
  if (block.text && text === "") return undefined;
  // In canonical order of keys. The type is always there, so each member can end in its comma.
  return (
    "{" +
    opaqueMember("content", block.content) +
    textMember("image_base64", block.image_base64) +
    textMember("image_url", block.image_url) +
    (block.is_error === true ? '"is_error":true,' : '"is_error":false,') +
    textMember("media_type", block.media_type) +
    textMember("text", text) +
    textMember("thinking", block.thinking) +
    member("tool_input", block.tool_input ? projectInput(block.tool_input, 0) : "") +
    textMember("tool_name", block.tool_name) +
    textMember("tool_output", block.tool_output ? projectText(block.tool_output) : "") +
    textMember("tool_result_id", block.tool_result_id) +
    textMember("tool_use_id", block.tool_use_id) +
    `"type":${canonicalString(block.type)}}`
  );
}

// Surrogates first: cutting out what stands between two lone ones must not make a pair of them.
const projectText = (text: string): string => normaliseWhitespace(stripHarnessTags(text.toWellFormed()));

const member = (name: string, json: string): string => (json === "" ? "" : `"${name}":${json},`);

const textMember = (name: string, text: string | null | undefined): string =>
  text ? `"${name}":${canonicalString(text)},` : "";

function opaqueMember(name: string, value: JsonValue | undefined): string {
  return value === undefined || value === null || isEmpty(value) ? "" : member(name, canonicalJson(value));
}

function isEmpty(value: JsonValue): boolean {
  if (isJsonObject(value)) return Object.keys(value).length === 0;
  return value === "" || (isJsonArray(value) && value.length === 0);
}

/** Write a tool's input without the values that say nothing, "" when all of it goes. Arrays stay as they are. */
function projectInput(input: JsonObject, depth: number): string {
  let members = "";
  for (const [key, value] of canonicalEntries(input)) {
    const isWalked = isJsonObject(value) && depth + 1 < MAX_JSON_DEPTH;
    const json = isWalked ? projectInput(value, depth + 1) : projectInputValue(value, depth + 1);
    if (json !== "") members += `${members === "" ? "" : ","}${canonicalString(key)}:${json}`;
  }
  return members === "" ? "" : `{${members}}`;
}

function projectInputValue(value: JsonValue, depth: number): string {
  const saysNothing = value === null || value === false || value === 0 || isEmpty(value);
  return saysNothing ? "" : canonicalJson(value, depth);
}
