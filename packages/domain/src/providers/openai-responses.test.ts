import { describe, expect, it } from "vitest";
import type { JsonValue } from "../json/json.ts";
import { parseOpenaiResponses } from "./openai-responses.ts";

const messagesOf = (...input: JsonValue[]): unknown => parseOpenaiResponses({ input });

describe("parseOpenaiResponses", () => {
  it("makes one user message of a string, an empty one too", () => {
    expect(parseOpenaiResponses({ input: "" })).toEqual([
      { role: "user", content: [{ type: "text", text: "" }] },
    ]);
  });

  it("reads a message by its type, or by its role when it has no type", () => {
    const content = [
      { type: "input_text", text: "a" },
      { type: "output_text", text: "b" },
      { type: "summary_text", text: "c" },
      { type: "refusal", refusal: "no" },
      { type: "input_image", image_url: "https://example.test/i.png" },
      "skipped",
      { type: "input_file", text: "d" },
    ];
    const blocks = [
      { type: "text", text: "a" },
      { type: "text", text: "b" },
      { type: "text", text: "c" },
      { type: "refusal", text: "no" },
      { type: "image", image_url: "https://example.test/i.png" },
      { type: "input_file", text: "d" },
    ];

    expect(messagesOf({ type: "message", content }, { role: "developer", content })).toEqual([
      { role: "", content: blocks },
      { role: "developer", content: blocks },
    ]);
  });

  it("keeps a content that is neither text nor parts as it is, and takes null for absent", () => {
    expect(messagesOf({ role: "user", content: { x: 1 } }, { role: "user", content: null })).toEqual([
      { role: "user", content: [{ type: "text", content: { x: 1 } }] },
      { role: "user", content: [] },
    ]);
  });

  it("reads a function call, and keeps the item when its arguments are no object", () => {
    const item = { type: "function_call", call_id: "c1", name: "shell" };
    const block = { type: "tool_use", tool_use_id: "c1", tool_name: "shell" };
    const blockFor = (args: JsonValue): unknown =>
      (messagesOf({ ...item, arguments: args }) as { role: string; content: unknown[] }[])[0];

    expect(blockFor('{"a":1}')).toEqual({ role: "assistant", content: [{ ...block, tool_input: { a: 1 } }] });
    for (const args of ["", "null", null])
      expect(blockFor(args)).toEqual({ role: "assistant", content: [block] });
    for (const args of ["{", "[]", "5", { a: 1 }]) {
      const kept = { ...block, content: { ...item, arguments: args } };
      expect(blockFor(args)).toEqual({ role: "assistant", content: [kept] });
    }
  });

  it("reads outputs: a string, the JSON text of anything else, the joined texts of a custom tool's parts", () => {
    const parts = [{ type: "input_text", text: "a" }, 5, { type: "input_text", text: "b" }];
    const outputOf = (type: string, output: JsonValue): unknown =>
      (messagesOf({ type, call_id: "c1", output }) as { content: { tool_output: string }[] }[])[0]?.content[0]
        ?.tool_output;

    expect(messagesOf({ type: "function_call_output", call_id: "c1", output: "a" })).toEqual([
      { role: "tool", content: [{ type: "tool_result", tool_result_id: "c1", tool_output: "a" }] },
    ]);
    expect(outputOf("function_call_output", parts)).toBe(JSON.stringify(parts));
    expect(outputOf("function_call_output", null)).toBe("");
    expect(outputOf("custom_tool_call_output", "a")).toBe("a");
    expect(outputOf("custom_tool_call_output", parts)).toBe("ab");
    expect(outputOf("custom_tool_call_output", { a: 1 })).toBe('{"a":1}');
  });

  it("reads a custom tool's call, without an input when that is empty", () => {
    const item = { type: "custom_tool_call", call_id: "c1", name: "apply_patch" };
    const block = { type: "tool_use", tool_use_id: "c1", tool_name: "apply_patch" };

    expect(messagesOf({ ...item, input: "*** Begin" }, { ...item, input: "" })).toEqual([
      { role: "assistant", content: [{ ...block, tool_input: { input: "*** Begin" } }] },
      { role: "assistant", content: [block] },
    ]);
  });

  it("joins a reasoning's summaries with a separator only before those that are not empty", () => {
    const summary = [{ text: "" }, { text: "a" }, { text: "" }, { text: "b" }];

    expect(messagesOf({ type: "reasoning", summary, encrypted_content: "enc" })).toEqual([
      { role: "assistant", content: [{ type: "thinking", thinking: "a\nb", thinking_signature: "enc" }] },
    ]);
  });

  it("keeps an item of any other type as it is, of the assistant", () => {
    const call = { type: "web_search_call", id: "ws", name: 5 };

    expect(messagesOf(call, { type: "toString" }, { x: 1 })).toEqual([
      { role: "assistant", content: [{ type: "web_search_call", content: call }] },
      { role: "assistant", content: [{ type: "toString", content: { type: "toString" } }] },
      { role: "assistant", content: [{ type: "", content: { x: 1 } }] },
    ]);
  });

  it("skips items that are no objects, or whose type or role is no string", () => {
    expect(messagesOf(null, "a", 5, [], { type: 5 }, { type: "message", role: [] })).toEqual([]);
  });
});
