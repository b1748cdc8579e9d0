import type { Block, Message } from "./block.ts";
import { checkFields, createMessagesParser, type FieldTypes } from "./check-request.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../json/json.ts";
import { type BlockDraft, createArgumentsReader, listObjects, readString } from "./read-block.ts";

// `stop` is not among them: it is a string or an array.
const requestFields: FieldTypes = {
  model: "string",
  max_tokens: "number",
  temperature: "number",
  top_p: "number",
  seed: "number",
  frequency_penalty: "number",
  presence_penalty: "number",
  stream: "boolean",
  response_format: "object",
};

const messageFields: FieldTypes = {
  role: "string",
  name: "string",
  tool_call_id: "string",
  tool_calls: "array",
};

/**
 * Parse a request of OpenAI's Chat Completions API.
 * @throws AppError `unparsable_request` when a field of the request or of a message has a wrong type.
 */
export function parseOpenaiChat(request: JsonObject): Message[] {
  checkFields(request, requestFields);
  const readArguments = createArgumentsReader();
  const parseMessages = createMessagesParser({
    fields: messageFields,
    parse: (message, field) => ({
      role: readString(message["role"]) ?? "",
      content: parseMessage(message, (text) => readArguments(text, `${field}.tool_calls`)),
    }),
  });
  return parseMessages(request);
}

type ReadInput = (text: JsonValue | undefined) => JsonObject | null | undefined;

function parseMessage(message: JsonObject, readInput: ReadInput): Block[] {
  const content = message["content"];
  const toolCallId = readString(message["tool_call_id"]) ?? "";
  if (message["role"] === "tool" && toolCallId !== "") {
    return [{ type: "tool_result", tool_result_id: toolCallId, tool_output: readString(content) ?? "" }];
  }
  const calls = listObjects(message["tool_calls"]).flatMap((call) => parseToolCall(call, readInput));
  return [...parseContent(content), ...calls];
}

function parseContent(content: JsonValue | undefined): Block[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  return listObjects(content).map(parsePart);
}

function parsePart(part: JsonObject): Block {
  const block: BlockDraft = { type: readString(part["type"]) ?? "" };
  const text = readString(part["text"]);
  if (text !== undefined) block.text = text;
  const image = part["image_url"];
  if (isJsonObject(image)) {
    block.type = "image";
    block.image_url = readString(image["url"]);
  }
  return block;
}

function parseToolCall(call: JsonObject, readInput: ReadInput): Block[] {
  const called = call["function"];
  if (!isJsonObject(called)) return [];
  const input = readInput(called["arguments"]);
  if (input === undefined) return [];
  return [
    {
      type: "tool_use",
      tool_use_id: readString(call["id"]),
      tool_name: readString(called["name"]),
      tool_input: input ?? undefined,
    },
  ];
}
