import type { Block, Message } from "./block.ts";
import { checkFields, checkOpaque, createMessagesParser, type FieldTypes } from "./check-request.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../json/json.ts";
import { listObjects, readString } from "./read-block.ts";

// `format` and `keep_alive` are not among them: each has several valid types.
const requestFields: FieldTypes = { model: "string", stream: "boolean", options: "object" };

const parseMessages = createMessagesParser({
  fields: { role: "string", content: "string", images: "array", tool_calls: "array" },
  parse: (message, field) => ({
    role: readString(message["role"]) ?? "",
    content: parseContent(message, `${field}.tool_calls`),
  }),
});

/**
 * Parse a request of Ollama's chat API.
 * @throws AppError `unparsable_request` when a field of the request or of a message has a wrong type.
 */
export function parseOllama(request: JsonObject): Message[] {
  checkFields(request, requestFields);
  return parseMessages(request);
}

function parseContent(message: JsonObject, toolCallsField: string): Block[] {
  const text = readString(message["content"]) ?? "";
  return [
    ...(text === "" ? [] : [{ type: "text", text }]),
    ...parseImages(message["images"]),
    ...listObjects(message["tool_calls"]).map((call) => parseToolCall(call, toolCallsField)),
  ];
}

function parseImages(images: JsonValue | undefined): Block[] {
  const strings = ((images ?? []) as readonly JsonValue[]).filter((image) => typeof image === "string");
  return strings.map((image) => ({ type: "image", image_base64: image }));
}

function parseToolCall(call: JsonObject, field: string): Block {
  const called = isJsonObject(call["function"]) ? call["function"] : {};
  const input = called["arguments"];
  return {
    type: "tool_use",
    tool_use_id: readString(call["id"]),
    tool_name: readString(called["name"]),
    tool_input: isJsonObject(input) ? checkOpaque(input, field) : undefined,
  };
}
