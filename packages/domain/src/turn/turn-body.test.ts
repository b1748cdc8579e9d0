import { describe, expect, it } from "vitest";
import { readTurnBody } from "./turn-body.ts";

const block = { type: "text", text: "hi" };
const response = { model: "m", message: { role: "assistant", content: [block] } };
const body = { provider: "anthropic", request: { messages: [{ role: "user", content: "hello" }] }, response };
const withMessage = (message: object): object => ({ ...body, response: { message } });

const expectRefusal = (input: unknown, code: string, message: string): void => {
  expect(() => readTurnBody(input)).toThrow(expect.objectContaining({ code, message }));
};

describe("readTurnBody", () => {
  it("reads the smallest turn: a block of a type alone, no session, no meta", () => {
    const turn = readTurnBody(withMessage({ role: "assistant", content: [{ type: "text" }] }));

    expect(turn).toMatchObject({
      provider: "anthropic",
      messages: [{ role: "user", content: [{ type: "text", text: "hello" }] }],
      response: { model: "", message: { role: "assistant", content: [{ type: "text" }] } },
    });
    expect([turn.envelope, turn.meta, turn.agentName]).toEqual([undefined, undefined, undefined]);
  });

  it("takes null for absent and ignores unknown keys, at every level", () => {
    const nulls = { created_at: null, done: null, stop_reason: null, usage: null, extra: null, x: 1 };
    const content = [{ ...block, tool_input: null, content: null, is_error: null, x: {} }];
    const noisy = {
      ...body,
      agent_name: null,
      session: null,
      meta: null,
      x: [],
      response: { ...response, ...nulls, message: { role: "assistant", content, x: 1 } },
    };

    expect(readTurnBody(noisy)).toEqual(readTurnBody(body));
  });

  it("keeps a block's opaque content and its input as they came", () => {
    const content = [
      { type: "x", content: false, tool_input: JSON.parse('{"__proto__":{"a":1}}') as object },
    ];

    const read = readTurnBody(withMessage({ role: "assistant", content })).response.message.content[0];

    expect(read?.content).toBe(false);
    expect(JSON.stringify(read?.tool_input)).toBe('{"__proto__":{"a":1}}');
  });

  it.each([
    [null, "body: expected object, received null"],
    [[], "body: expected object, received array"],
    [{ ...body, provider: 5 }, "provider: expected string, received number"],
    [{ ...body, session: [] }, "session: expected object, received array"],
    [{ ...body, session: { org_id: "acme" } }, "org_id is not a valid UUID"],
    [{ ...body, session: { org_id: 5 } }, "session.org_id: expected string, received number"],
    [{ ...body, session: { harness_metadata: [] } }, "session.harness_metadata: must be a JSON object"],
    [
      { ...body, session: { parent_harness_session_id: "" } },
      "session.parent_harness_session_id: must not be empty: omit it when there is no parent",
    ],
    [{ ...body, meta: "m" }, "meta: expected object, received string"],
    [{ ...body, response: "r" }, "response: expected object, received string"],
    [
      { ...body, response: { ...response, created_at: "today" } },
      "response.created_at: must be an RFC 3339 date and time",
    ],
    [
      { ...body, response: { ...response, usage: { prompt_tokens: 1.5 } } },
      "response.usage.prompt_tokens: expected int, received number",
    ],
    [
      withMessage({ role: "assistant", content: [block, { type: 5 }] }),
      "response.message.content[1].type: expected string, received number",
    ],
    [
      withMessage({ role: "assistant", content: [{ type: "x", tool_input: "{}" }] }),
      "response.message.content[0].tool_input: must be a JSON object",
    ],
  ])("refuses as an invalid envelope %j", (input, message) => {
    expectRefusal(input, "invalid_envelope", `invalid envelope: ${message}`);
  });

  it("refuses JSON nested too deep wherever it would be kept", () => {
    const deep = JSON.parse(`{"a":${"[".repeat(10_000)}${"]".repeat(10_000)}}`) as object;
    const rule = "nested deeper than 512 levels";

    const opaque = withMessage({ role: "assistant", content: [{ type: "x", content: deep }] });
    expectRefusal(
      opaque,
      "invalid_envelope",
      `invalid envelope: response.message.content[0].content: ${rule}`,
    );
    const metadata = { ...body, session: { harness_metadata: deep } };
    expectRefusal(metadata, "invalid_envelope", `invalid envelope: session.harness_metadata: ${rule}`);
    const extra = { ...body, response: { ...response, extra: deep } };
    expectRefusal(extra, "invalid_envelope", `invalid envelope: response.extra: ${rule}`);
  });

  it.each([["gemini"], ["Anthropic"], [""], ["constructor"]])("refuses the provider %j", (provider) => {
    const message = `unprocessable turn: unsupported provider "${provider}" (supported: [anthropic openai ollama])`;

    expectRefusal({ ...body, provider }, "unsupported_provider", message);
  });

  it("shows no more than the beginning of a provider's name", () => {
    expect(() => readTurnBody({ ...body, provider: "x".repeat(1e6) })).toThrow(
      `"${"x".repeat(64)}" (supported`,
    );
  });

  it("refuses a missing request, or one that cannot be parsed", () => {
    const { request: _, ...withoutRequest } = body;
    const prefix = "unprocessable turn: cannot parse request: ";

    expectRefusal(withoutRequest, "unparsable_request", `${prefix}request: expected an object`);
    expectRefusal(
      { ...body, request: { messages: 5 } },
      "unparsable_request",
      `${prefix}messages: expected an array`,
    );
  });

  it.each([
    [{ ...body, response: undefined }, "role"],
    [{ ...body, response: {} }, "role"],
    [withMessage({ role: "", content: [block] }), "role"],
    [withMessage({ role: "assistant" }), "content"],
    [withMessage({ role: "assistant", content: [] }), "content"],
    [withMessage({ role: "assistant", content: [block, { text: "no type" }] }), "content[1].type"],
    [withMessage({ role: "assistant", content: [{ type: "" }] }), "content[0].type"],
  ])("refuses as an invalid response %j", (input, field) => {
    const message = `unprocessable turn: invalid reduced response: missing response.message.${field}`;

    expectRefusal(input, "invalid_response", message);
  });

  it("decides in the order of the contract: types, provider, request, response", () => {
    const wrong = { provider: "x", request: 5, response: {}, session: { org_id: "acme" } };

    expectRefusal(wrong, "invalid_envelope", "invalid envelope: org_id is not a valid UUID");
    expect(() => readTurnBody({ ...wrong, session: null })).toThrow(
      expect.objectContaining({ code: "unsupported_provider" }),
    );
    expect(() => readTurnBody({ ...wrong, session: null, provider: "ollama" })).toThrow(
      expect.objectContaining({ code: "unparsable_request" }),
    );
  });
});
