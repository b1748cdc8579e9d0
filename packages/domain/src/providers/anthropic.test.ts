import { describe, expect, it } from "vitest";
import type { Block } from "./block.ts";
import type { JsonValue } from "../json/json.ts";
import { parseAnthropic } from "./anthropic.ts";

const blocksOf = (content: JsonValue): readonly Block[] | undefined =>
  parseAnthropic({ messages: [{ role: "user", content }] })[0]?.content;

describe("parseAnthropic", () => {
  it("makes one text block of a string, an empty one too", () => {
    expect(blocksOf("")).toEqual([{ type: "text", text: "" }]);
  });

  it("makes no block of a content that is neither a string nor an array", () => {
    expect(blocksOf({ type: "text" })).toEqual([]);
    expect(blocksOf(5)).toEqual([]);
  });

  it("skips items that are no objects, and keeps a block whose fields have wrong types", () => {
    expect(blocksOf(["text", null, 3, [], { type: 5, text: {} }])).toEqual([{ type: "" }]);
  });

  it("reads a source in a block of any type", () => {
    const source = { type: "base64", media_type: "application/pdf", data: "JVBERg==" };

    expect(blocksOf([{ type: "document", source }])).toEqual([
      { type: "document", media_type: "application/pdf", image_base64: "JVBERg==" },
    ]);
  });

  it("reads the fields of a tool use in no block of another type", () => {
    const fields = { id: "t1", name: "Bash", input: { command: "ls" } };
    const read = { tool_use_id: "t1", tool_name: "Bash", tool_input: { command: "ls" } };

    expect(blocksOf([{ type: "tool_use", ...fields }])).toEqual([{ type: "tool_use", ...read }]);
    expect(blocksOf([{ type: "server_tool_use", ...fields }])).toEqual([
      { type: "server_tool_use", ...read },
    ]);
    expect(blocksOf([{ type: "constructor", ...fields }])).toEqual([{ type: "constructor" }]);
    expect(blocksOf([{ type: "tool_use", input: ["no object"] }])).toEqual([{ type: "tool_use" }]);
  });

  it("reads a tool result: an error only when true, texts joined by line feeds", () => {
    const content = [{ text: "a" }, "b", { type: "image" }, { text: "" }, { text: 5 }, { text: "c" }];

    expect(blocksOf([{ type: "tool_result", tool_use_id: "t1", is_error: "true", content }])).toEqual([
      { type: "tool_result", tool_result_id: "t1", tool_output: "a\n\nc" },
    ]);
    expect(blocksOf([{ type: "tool_result", is_error: true, content: "d" }])).toEqual([
      { type: "tool_result", is_error: true, tool_output: "d" },
    ]);
  });

  it("keeps the content of a web search result as it is", () => {
    const content = [{ type: "web_search_result", page_age: null }];

    expect(blocksOf([{ type: "web_search_tool_result", tool_use_id: "s1", content }])).toEqual([
      { type: "web_search_tool_result", tool_result_id: "s1", content },
    ]);
  });

  it("reads thinking and its signature", () => {
    expect(blocksOf([{ type: "thinking", thinking: "hm", signature: "s" }])).toEqual([
      { type: "thinking", thinking: "hm", thinking_signature: "s" },
    ]);
  });

  it("makes no message of the system prompt, whatever its type", () => {
    expect(parseAnthropic({ system: "be brief", messages: [] })).toEqual([]);
    expect(parseAnthropic({ system: [{ type: "text", text: "be brief" }] })).toEqual([]);
  });
});
