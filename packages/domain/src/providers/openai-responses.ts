import type { Block, Message } from "./block.ts";
import { checkFields, checkOpaque, type FieldTypes } from "./check-request.ts";
import { isJsonArray, type JsonObject, type JsonValue } from "../json/json.ts";
import { splitList } from "./request-messages.ts";
import { createArgumentsReader, listObjects, type ReadArguments, readString } from "./read-block.ts";

const requestFields: FieldTypes = {
  model: "string",
  input: "string or array",
  instructions: "string",
  max_output_tokens: "number",
  temperature: "number",
  top_p: "number",
  stream: "boolean",
  tools: "array",
  reasoning: "object",
  previous_response_id: "string",
};

/**
 * Parse a request of OpenAI's Responses API. An item that is no object, or whose type or role is no string, is skipped.
 * @throws AppError `unparsable_request` when a field of the request has a wrong type.
 */
export function parseOpenaiResponses(request: JsonObject): Message[] {
  checkFields(request, requestFields);
  const input = request["input"];
  if (typeof input === "string") return [{ role: "user", content: [{ type: "text", text: input }] }];
  if (!isJsonArray(input)) return [];
  const { known, fresh } = splitList(input);
  const readArguments = createArgumentsReader();
  return [...known, ...listObjects(fresh).flatMap((item) => parseItem(item, readArguments) ?? [])];
}

function parseItem(item: JsonObject, readArguments: ReadArguments): Message | undefined {
  const type = item["type"] ?? "";
  const role = item["role"] ?? "";
  if (typeof type !== "string" || typeof role !== "string") return undefined;
  if (type === "message" || (type === "" && role !== ""))
    return { role, content: parseContent(item["content"]) };
  const parse = parserByType.get(type);
  return parse === undefined
    ? { role: "assistant", content: [{ type, content: checkOpaque(item, "input") }] }
    : parse(item, readArguments);
}

function parseContent(content: JsonValue | undefined): Block[] {
  if (content === undefined || content === null) return [];
  if (typeof content === "string") return [{ type: "text", text: content }];
  if (Array.isArray(content)) return listObjects(content).map(parsePart);
  return [{ type: "text", content: checkOpaque(content, "input") }];
}

function parsePart(part: JsonObject): Block {
  const type = readString(part["type"]) ?? "";
  if (type === "refusal") return { type, text: readString(part["refusal"]) };
  if (type === "input_image") return { type: "image", image_url: readString(part["image_url"]) };
  const isText = type === "input_text" || type === "output_text" || type === "summary_text";
  return { type: isText ? "text" : type, text: readString(part["text"]) };
}

type ParseItem = (item: JsonObject, readArguments: ReadArguments) => Message;

const parseFunctionCall: ParseItem = (item, readArguments) => {
  const input = readArguments(item["arguments"], "input");
  const isUnparsable = input === undefined && (item["arguments"] ?? "") !== "";
  const block: Block = {
    type: "tool_use",
    tool_use_id: readString(item["call_id"]),
    tool_name: readString(item["name"]),
    tool_input: input ?? undefined,
    content: isUnparsable ? checkOpaque(item, "input") : undefined,
  };
  return { role: "assistant", content: [block] };
};

const parseCustomToolCall: ParseItem = (item) => {
  const input = readString(item["input"]) ?? "";
  const block: Block = {
    type: "tool_use",
    tool_use_id: readString(item["call_id"]),
    tool_name: readString(item["name"]),
    tool_input: input === "" ? undefined : { input },
  };
  return { role: "assistant", content: [block] };
};

const parseFunctionOutput: ParseItem = (item) => toolResult(item, textOrJson(item["output"]));

const parseCustomToolOutput: ParseItem = (item) => {
  const output = item["output"];
  return toolResult(item, Array.isArray(output) ? joinTexts(output) : textOrJson(output));
};

// The summary is all that a reader may see; the encrypted rest is what continues the thought, as a signature does.
const parseReasoning: ParseItem = (item) => {
  let thinking = "";
  for (const text of listTexts(item["summary"]))
    thinking += (thinking !== "" && text !== "" ? "\n" : "") + text;
  const signature = readString(item["encrypted_content"]);
  return { role: "assistant", content: [{ type: "thinking", thinking, thinking_signature: signature }] };
};

const parserByType: ReadonlyMap<string, ParseItem> = new Map([
  ["function_call", parseFunctionCall],
  ["function_call_output", parseFunctionOutput],
  ["custom_tool_call", parseCustomToolCall],
  ["custom_tool_call_output", parseCustomToolOutput],
  ["reasoning", parseReasoning],
]);

function toolResult(item: JsonObject, output: string): Message {
  const block: Block = {
    type: "tool_result",
    tool_result_id: readString(item["call_id"]),
    tool_output: output,
  };
  return { role: "tool", content: [block] };
}

function textOrJson(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(checkOpaque(value, "input"));
}

// Surrogates first: two lone ones at a junction are not a pair.
function joinTexts(parts: JsonValue): string {
  return listTexts(parts)
    .map((text) => text.toWellFormed())
    .join("");
}

function listTexts(value: JsonValue | undefined): string[] {
  return listObjects(value).flatMap((part) => readString(part["text"]) ?? []);
}
