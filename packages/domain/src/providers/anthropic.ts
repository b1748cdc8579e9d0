import type { Block, Message } from "./block.ts";
import { checkFields, checkOpaque, createMessagesParser, type FieldTypes } from "./check-request.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../json/json.ts";
import { type BlockDraft, listObjects, readString } from "./read-block.ts";

// `system` is not among them: it is a string or an array, and no node either way.
const requestFields: FieldTypes = {
  model: "string",
  max_tokens: "number",
  temperature: "number",
  top_p: "number",
  top_k: "number",
  stop_sequences: "array",
  stream: "boolean",
};

const parseMessages = createMessagesParser({
  fields: { role: "string" },
  parse: (message, field) => ({
    role: readString(message["role"]) ?? "",
    content: parseContent(message["content"], `${field}.content`),
  }),
});

/**
 * Parse a request of Anthropic's Messages API.
 * @throws AppError `unparsable_request` when a field of the request or of a message has a wrong type.
 */
export function parseAnthropic(request: JsonObject): Message[] {
  checkFields(request, requestFields);
  return parseMessages(request);
}

function parseContent(content: JsonValue | undefined, field: string): Block[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  return listObjects(content).map((item) => parseBlock(item, field));
}

function parseBlock(item: JsonObject, field: string): Block {
  const block: BlockDraft = { type: readString(item["type"]) ?? "" };
  const text = readString(item["text"]);
  if (text !== undefined) block.text = text;
  const source = item["source"];
  if (isJsonObject(source)) {
    block.media_type = readString(source["media_type"]);
    block.image_base64 = readString(source["data"]);
  }
  fillByType.get(block.type)?.(block, item, field);
  return block;
}

type Fill = (block: BlockDraft, item: JsonObject, field: string) => void;

const fillToolUse: Fill = (block, item, field) => {
  block.tool_use_id = readString(item["id"]);
  block.tool_name = readString(item["name"]);
  const input = item["input"];
  if (isJsonObject(input)) block.tool_input = checkOpaque(input, field);
};

const fillThinking: Fill = (block, item) => {
  block.thinking = readString(item["thinking"]);
  block.thinking_signature = readString(item["signature"]);
};

const fillToolResult: Fill = (block, item) => {
  block.tool_result_id = readString(item["tool_use_id"]);
  if (item["is_error"] === true) block.is_error = true;
  const content = item["content"];
  block.tool_output = typeof content === "string" ? content : joinTexts(content);
};

const fillWebSearchResult: Fill = (block, item, field) => {
  block.tool_result_id = readString(item["tool_use_id"]);
  const content = item["content"];
  if (content !== undefined && content !== null) block.content = checkOpaque(content, field);
};

const fillByType: ReadonlyMap<string, Fill> = new Map([
  ["tool_use", fillToolUse],
  ["server_tool_use", fillToolUse],
  ["thinking", fillThinking],
  ["tool_result", fillToolResult],
  ["web_search_tool_result", fillWebSearchResult],
]);

function joinTexts(content: JsonValue | undefined): string | undefined {
  const texts = listObjects(content).flatMap((part) => readString(part["text"]) ?? []);
  return texts.length === 0 ? undefined : texts.join("\n");
}
