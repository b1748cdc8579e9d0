import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Block } from "../providers/block.ts";
import type { JsonObject } from "../json/json.ts";
import { canonicalNode, hashNode } from "./node-hash.ts";

const projectionOf = (block: Block): unknown =>
  (JSON.parse(canonicalNode({ role: "user", content: [block] }, null)) as { content: { content: unknown[] } })
    .content.content[0];
const toolUse = (json: string): Block => ({ type: "tool_use", tool_input: JSON.parse(json) as JsonObject });
const nested = (depth: number): string => '{"a":'.repeat(depth) + "1" + "}".repeat(depth);

describe("canonicalNode", () => {
  it("takes null for the empty parent of a root", () => {
    const message = { role: "user", content: [] };

    expect(canonicalNode(message, null)).toBe(canonicalNode(message, ""));
  });

  it("replaces lone surrogates in every string, and keeps U+0000", () => {
    const message = { role: "\ud800", content: [{ type: "a\udc00", text: "\u0000\ud83dx\ud83d\ude00" }] };

    expect(canonicalNode(message, null)).toBe(
      '{"content":{"content":[{"is_error":false,"text":"\\u0000\ufffdx\u{1f600}","type":"a\ufffd"}],' +
        '"role":"\ufffd","type":"message"},"parent":""}',
    );
  });

  it("makes no pair of two lone surrogates by cutting out the tag between them", () => {
    expect(projectionOf({ type: "text", text: "\ud83d<session>x</session>\ude00" })).toMatchObject({
      text: "\ufffd\ufffd",
    });
  });

  it("prunes the values that say nothing out of a tool's input, objects too, but no array", () => {
    const input =
      '{"a":null,"b":false,"c":"","d":-0,"e":[],"f":{"g":{"h":0}},"i":[null,{}],"j":{"k":" "},"__proto__":{"l":1}}';

    expect(canonicalNode({ role: "user", content: [toolUse(input)] }, null)).toContain(
      '"tool_input":{"__proto__":{"l":1},"i":[null,{}],"j":{"k":" "}},',
    );
  });

  it("lets the last of keys win that are equal once their surrogates are replaced, before pruning", () => {
    expect(projectionOf(toolUse(String.raw`{"\ud800":1,"\ud801":0,"a":1}`))).toMatchObject({
      tool_input: { a: 1 },
    });
  });

  it("emits opaque content that is false or 0, and leaves out null, empty text, list and object", () => {
    expect(projectionOf({ type: "x", content: false })).toEqual({
      type: "x",
      is_error: false,
      content: false,
    });
    expect(projectionOf({ type: "x", content: 0 })).toEqual({ type: "x", is_error: false, content: 0 });
    for (const content of [null, "", [], {}]) {
      expect(projectionOf({ type: "x", content })).toEqual({ type: "x", is_error: false });
    }
  });

  it("drops a tool output of which nothing is left, but not its block", () => {
    expect(projectionOf({ type: "tool_result", tool_output: " <status>x</status>\n" })).toEqual({
      type: "tool_result",
      is_error: false,
    });
  });

  it("leaves the message as it was", () => {
    const message = { role: "user", content: [{ type: "text", text: " a ", thinking_signature: "s" }] };
    const before = structuredClone(message);

    canonicalNode(message, null);

    expect(message).toEqual(before);
  });

  it("takes a tool input as deep as the limit, and refuses a deeper one with an error", () => {
    expect(canonicalNode({ role: "user", content: [toolUse(nested(512))] }, null)).toContain(nested(512));
    for (const depth of [513, 10_000, 500_000]) {
      expect(() => canonicalNode({ role: "user", content: [toolUse(nested(depth))] }, null)).toThrow(
        expect.objectContaining({ code: "unparsable_request" }),
      );
    }
  });
});

describe("hashNode", () => {
  it("hashes the canonical text in UTF-8", () => {
    const message = { role: "user", content: [{ type: "text", text: "naïve 😀" }] };
    const bytes = Buffer.from(canonicalNode(message, "p"), "utf8");

    expect(hashNode(message, "p")).toBe(createHash("sha256").update(bytes).digest("hex"));
  });
});
