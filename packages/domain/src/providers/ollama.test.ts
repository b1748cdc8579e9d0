import { describe, expect, it } from "vitest";
import { parseOllama } from "./ollama.ts";

describe("parseOllama", () => {
  it("reads text, images and tool calls, in this order", () => {
    const message = {
      role: "assistant",
      tool_calls: [
        { id: "c1", function: { name: "f", arguments: { a: 1 } } },
        { function: { name: "g" } },
        "skipped",
        {},
      ],
      images: ["aGk=", 5, null],
      content: "text",
    };

    expect(parseOllama({ messages: [message] })).toEqual([
      {
        role: "assistant",
        content: [
          { type: "text", text: "text" },
          { type: "image", image_base64: "aGk=" },
          { type: "tool_use", tool_use_id: "c1", tool_name: "f", tool_input: { a: 1 } },
          { type: "tool_use", tool_name: "g" },
          { type: "tool_use" },
        ],
      },
    ]);
  });

  it("makes no block of an empty content", () => {
    expect(parseOllama({ messages: [{ role: "user", content: "" }] })).toEqual([
      { role: "user", content: [] },
    ]);
  });

  it("takes a numeric keep_alive and an object as format", () => {
    expect(parseOllama({ keep_alive: -1, format: { type: "object" } })).toEqual([]);
    expect(parseOllama({ keep_alive: "5m", format: "json" })).toEqual([]);
  });
});
