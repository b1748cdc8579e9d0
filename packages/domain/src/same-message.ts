import type { Block, Message } from "./block.ts";
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from "./json.ts";

// Every field that is plain text or a flag; the compiler asks for a line here when a block gets another field.
const plainFields = {
  type: true,
  text: true,
  image_url: true,
  image_base64: true,
  media_type: true,
  tool_use_id: true,
  tool_name: true,
  tool_result_id: true,
  tool_output: true,
  is_error: true,
  thinking: true,
  thinking_signature: true,
} as const satisfies Record<Exclude<keyof Block, "tool_input" | "content">, true>;

const plainFieldNames = Object.keys(plainFields) as readonly (keyof typeof plainFields)[];

/** Tell whether two messages are the same, field by field; an undefined field counts as absent. Cost: their length, no copies. */
export function isSameMessage(left: Message, right: Message): boolean {
  if (left.role !== right.role || left.content.length !== right.content.length) return false;
  return left.content.every((block, index) => isSameBlock(block, right.content[index] as Block));
}

function isSameBlock(left: Block, right: Block): boolean {
  for (const field of plainFieldNames) if (left[field] !== right[field]) return false;
  return isSameJson(left.tool_input, right.tool_input) && isSameJson(left.content, right.content);
}

function isSameJson(left: JsonValue | undefined, right: JsonValue | undefined): boolean {
  if (left === right) return true;
  if (isJsonArray(left)) {
    return (
      isJsonArray(right) &&
      left.length === right.length &&
      left.every((item, index) => isSameJson(item, right[index]))
    );
  }
  return isJsonObject(left) && isJsonObject(right) && isSameObject(left, right);
}

function isSameObject(left: JsonObject, right: JsonObject): boolean {
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && isSameJson(left[key], right[key]));
}
