import { describe, expect, it } from "vitest";
import type { JsonValue } from "../json/json.ts";
import { parseRequest } from "./parse-request.ts";
import { providers } from "./provider.ts";

const refusalOf = (message: string): unknown =>
  expect.objectContaining({
    code: "unparsable_request",
    message: `unprocessable turn: cannot parse request: ${message}`,
  });

describe("parseRequest", () => {
  describe.each(providers)("of %s", (provider) => {
    it.each([[null], [undefined], ["text"], [5], [[]]])("refuses a request that is %j", (request) => {
      expect(() => parseRequest(provider, request as JsonValue)).toThrow(
        refusalOf("request: expected an object"),
      );
    });

    it("finds no messages where there are none", () => {
      for (const request of [{}, { messages: null }, { messages: [] }, { model: null, stream: null }]) {
        expect(parseRequest(provider, request)).toEqual([]);
      }
    });

    it.each([
      [{ messages: {} }, "messages: expected an array"],
      [{ messages: "hello" }, "messages: expected an array"],
      [{ messages: [{ role: "user" }, null] }, "messages[1]: expected an object"],
      [{ messages: [["user"]] }, "messages[0]: expected an object"],
      [{ messages: [{}, {}, { role: 5 }] }, "messages[2].role: expected a string"],
      [{ model: 4, messages: [] }, "model: expected a string"],
      [{ stream: "true" }, "stream: expected a boolean"],
    ])("refuses %j", (request, message) => {
      expect(() => parseRequest(provider, request as JsonValue)).toThrow(refusalOf(message));
    });

    it("takes a message without a role or a content, and ignores keys that it does not know", () => {
      expect(parseRequest(provider, { messages: [{}, { role: null, content: null, x: 1 }], x: {} })).toEqual([
        { role: "", content: [] },
        { role: "", content: [] },
      ]);
    });

    it("takes an own key __proto__ for one that it does not know", () => {
      const request = JSON.parse(
        '{"__proto__":{"messages":5},"messages":[{"__proto__":{"role":5}}]}',
      ) as JsonValue;

      expect(parseRequest(provider, request)).toEqual([{ role: "", content: [] }]);
    });
  });

  it.each([
    ["anthropic", { max_tokens: "many" }, "max_tokens: expected a number"],
    ["anthropic", { temperature: true }, "temperature: expected a number"],
    ["anthropic", { stop_sequences: "stop" }, "stop_sequences: expected an array"],
    ["openai", { seed: "1", messages: [] }, "seed: expected a number"],
    ["openai", { response_format: "json" }, "response_format: expected an object"],
    ["openai", { messages: [{ tool_calls: {} }] }, "messages[0].tool_calls: expected an array"],
    ["openai", { messages: [{ tool_call_id: 1 }] }, "messages[0].tool_call_id: expected a string"],
    ["openai", { input: {} }, "input: expected a string or an array"],
    ["openai", { input: [], instructions: [] }, "instructions: expected a string"],
    ["openai", { input: "hi", tools: {} }, "tools: expected an array"],
    ["ollama", { options: [] }, "options: expected an object"],
    ["ollama", { messages: [{ content: [] }] }, "messages[0].content: expected a string"],
    ["ollama", { messages: [{ images: "aGk=" }] }, "messages[0].images: expected an array"],
  ] as const)("refuses of %s %j", (provider, request, message) => {
    expect(() => parseRequest(provider, request as JsonValue)).toThrow(refusalOf(message));
  });

  it("reads an OpenAI request as of the Responses API only when it has input and no messages", () => {
    const input = "from input";

    expect(parseRequest("openai", { input })).toHaveLength(1);
    expect(parseRequest("openai", { input, messages: null })).toHaveLength(1);
    expect(parseRequest("openai", { input, messages: [] })).toEqual([]);
    expect(parseRequest("openai", { input: null })).toEqual([]);
  });

  it.each([
    [
      "anthropic",
      '{"messages":[{"content":[{"type":"tool_use","input":{"a":DEEP}}]}]}',
      "messages[0].content",
    ],
    [
      "anthropic",
      '{"messages":[{"content":[{"type":"web_search_tool_result","content":DEEP}]}]}',
      "messages[0].content",
    ],
    ["openai", '{"input":[{"type":"web_search_call","action":DEEP}]}', "input"],
    ["openai", '{"input":[{"type":"function_call_output","output":DEEP}]}', "input"],
    ["openai", '{"input":[{"role":"user","content":{"a":DEEP}}]}', "input"],
    [
      "ollama",
      '{"messages":[{"tool_calls":[{"function":{"arguments":{"a":DEEP}}}]}]}',
      "messages[0].tool_calls",
    ],
  ] as const)("refuses of %s what is nested too deep in %s", (provider, template, field) => {
    const request = JSON.parse(
      template.replace("DEEP", "[".repeat(10_000) + "]".repeat(10_000)),
    ) as JsonValue;

    expect(() => parseRequest(provider, request)).toThrow(
      refusalOf(`${field}: nested deeper than 512 levels`),
    );
  });

  it("lets JSON nested any deeper be where it is not kept", () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    const request = JSON.parse(
      `{"tools":${deep},"messages":[{"role":"user","content":"hi","x":${deep}}]}`,
    ) as JsonValue;

    expect(parseRequest("anthropic", request)).toHaveLength(1);
  });
});
