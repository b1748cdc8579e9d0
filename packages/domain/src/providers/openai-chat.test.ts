import { describe, expect, it } from "vitest";
import type { Block } from "./block.ts";
import type { JsonObject, JsonValue } from "../json/json.ts";
import { parseOpenaiChat } from "./openai-chat.ts";

const blocksOf = (message: JsonObject): readonly Block[] | undefined =>
  parseOpenaiChat({ messages: [message] })[0]?.content;
const call = (args: JsonValue): JsonObject => ({
  id: "c1",
  type: "function",
  function: { name: "f", arguments: args },
});

describe("parseOpenaiChat", () => {
  it("reads text parts, and makes an image of a part with an image object", () => {
    const content = [
      { type: "text", text: "a" },
      "skipped",
      { type: "image_url", image_url: { url: "https://example.test/i.png" } },
      { type: "image_url", image_url: "https://example.test/no-object.png" },
      { type: "input_audio", input_audio: {} },
    ];

    expect(blocksOf({ role: "user", content })).toEqual([
      { type: "text", text: "a" },
      { type: "image", image_url: "https://example.test/i.png" },
      { type: "image_url" },
      { type: "input_audio" },
    ]);
  });

  it("makes a tool use of a call whose arguments parse as an object or null", () => {
    expect(
      blocksOf({ role: "assistant", content: "a", tool_calls: [call('{"a":1}'), call("null")] }),
    ).toEqual([
      { type: "text", text: "a" },
      { type: "tool_use", tool_use_id: "c1", tool_name: "f", tool_input: { a: 1 } },
      { type: "tool_use", tool_use_id: "c1", tool_name: "f" },
    ]);
  });

  it.each([
    [""],
    ["{"],
    ["[]"],
    ['"text"'],
    ["5"],
    ['{"a":1e999}'],
    [`{"a":${"[".repeat(600)}${"]".repeat(600)}}`],
  ])("drops a call with the arguments %j", (args) => {
    expect(blocksOf({ role: "assistant", tool_calls: [call(args)] })).toEqual([]);
  });

  it("drops calls that are malformed", () => {
    const tool_calls = [
      null,
      "f",
      {},
      { function: "f" },
      call({ a: 1 }),
      { type: "custom", custom: { name: "f" } },
    ];

    expect(blocksOf({ role: "assistant", content: null, tool_calls })).toEqual([]);
  });

  it("makes exactly one tool result of a tool's message with a call id", () => {
    const message = { role: "tool", tool_call_id: "c1", tool_calls: [call("{}")] };

    expect(blocksOf({ ...message, content: "out" })).toEqual([
      { type: "tool_result", tool_result_id: "c1", tool_output: "out" },
    ]);
    expect(blocksOf({ ...message, content: [{ type: "text", text: "out" }] })).toEqual([
      { type: "tool_result", tool_result_id: "c1", tool_output: "" },
    ]);
    expect(blocksOf({ role: "tool", tool_call_id: "", content: "out" })).toEqual([
      { type: "text", text: "out" },
    ]);
    expect(blocksOf({ role: "user", tool_call_id: "c1", content: "out" })).toEqual([
      { type: "text", text: "out" },
    ]);
  });

  it("takes stop as a string, an array or null", () => {
    for (const stop of ["a", ["a"], null]) expect(parseOpenaiChat({ stop, messages: [] })).toEqual([]);
  });

  it.each([
    [[`{"a":[${"{},".repeat(200_000)}0]}`], "arguments: more than 200000 values that are objects or arrays"],
    [Array(60).fill(`{"a":[${"{},".repeat(100_000)}0]}`), "arguments: too many values in all"],
  ])("refuses arguments that hold too many values, each or all together", (texts: string[], rule) => {
    const message = { role: "assistant", tool_calls: texts.map((text) => call(text)) };
    const { user } = process.cpuUsage();
    expect(() => blocksOf(message)).toThrow(`messages[0].tool_calls: ${rule}`);
    expect((process.cpuUsage().user - user) / 1_000).toBeLessThan(4_000);
  });

  it("drops a call with arguments that would take half a minute to parse", () => {
    const bomb = "[".repeat(30_000_000);
    expect(blocksOf({ role: "assistant", tool_calls: [call(bomb), call('{"a":1}')] })).toHaveLength(1);
  });
});
