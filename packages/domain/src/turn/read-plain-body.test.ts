import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPlainBody } from "./read-plain-body.ts";
import { TurnBody } from "./turn-schema.ts";

const UUID = "0199f7a2-6c7e-7cc3-98c4-dc0c0c07398f";

// What a field may be sent as: mostly right, at its bounds, and now and then of another type.
const wrong = fc.constantFrom<unknown>(1, -1, 1.5, 2 ** 60, "", " ", "x", true, [], {}, null, undefined);
const sometimesWrong = (right: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 100, arbitrary: right }, { weight: 1, arbitrary: wrong });
const absentOr = (right: fc.Arbitrary<unknown>) =>
  sometimesWrong(fc.oneof(right, fc.constantFrom(null, undefined)));
const text = absentOr(fc.string({ unit: "binary", maxLength: 6 }));
const long = absentOr(
  fc.constantFrom("a", "a".repeat(200), "a".repeat(201), "a".repeat(501), "a".repeat(4_097)),
);
const count = absentOr(fc.constantFrom(0, 7, 1e12, 1e12 + 1, 2 ** 53));
const deep = JSON.parse(`${"[".repeat(600)}${"]".repeat(600)}`) as unknown;
const object = absentOr(
  fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom({ deep }, { infinite: Infinity })),
);
const record = (fields: Record<string, fc.Arbitrary<unknown>>, ...requiredKeys: string[]) =>
  fc.record(fields, { requiredKeys });

const block = record({
  type: text,
  text,
  image_url: text,
  image_base64: text,
  media_type: text,
  tool_use_id: text,
  tool_name: text,
  tool_input: object,
  tool_result_id: text,
  tool_output: text,
  is_error: absentOr(fc.boolean()),
  thinking: text,
  thinking_signature: text,
  content: absentOr(fc.oneof(fc.jsonValue(), fc.constant(deep))),
  unknown: text,
});
const usage = record({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  cache_creation_input_tokens: count,
  cache_read_input_tokens: count,
  total_duration_ns: count,
  prompt_duration_ns: count,
});
const response = record(
  {
    model: text,
    created_at: absentOr(fc.constantFrom("2026-11-21T07:10:00Z", "yesterday")),
    message: sometimesWrong(
      record({ role: text, content: absentOr(fc.array(sometimesWrong(block), { maxLength: 3 })) }),
    ),
    done: absentOr(fc.boolean()),
    stop_reason: text,
    usage: absentOr(usage),
    extra: object,
  },
  "message",
);
const session = record({
  org_id: absentOr(
    fc.constantFrom("", UUID, UUID.toUpperCase(), "no uuid", "00000000-0000-0000-0000-000000000000"),
  ),
  auth_subject: long,
  harness_id: long,
  harness_session_id: long,
  parent_harness_session_id: long,
  parent_harness_id: long,
  harness_version: long,
  cwd: long,
  name: absentOr(fc.constantFrom("", " ", "\u3000", "a name")),
  harness_metadata: object,
});
const meta = record({
  request_id: text,
  upstream_request_id: text,
  thread_id: text,
  elapsed_seconds: absentOr(fc.constantFrom(0, 1.5, -1, Infinity)),
  ts_request: text,
  captured_at: text,
});
const body = record(
  {
    provider: text,
    agent_name: text,
    request: absentOr(fc.jsonValue()),
    response: sometimesWrong(response),
    session: absentOr(session),
    meta: absentOr(meta),
    unknown: text,
  },
  "response",
);

const message = { role: "assistant", content: [{ type: "text", text: "Eight." }] };

describe("a body that is read field by field", () => {
  it("is what its schema gives, or is left to the schema", () => {
    let read = 0;
    fc.assert(
      fc.property(body, (input) => {
        const plain = readPlainBody(input);
        if (plain === undefined) return;
        read += 1;
        expect(TurnBody.parse(input)).toEqual(plain);
      }),
      { numRuns: 3_000 },
    );
    expect(read).toBeGreaterThan(100);
  });

  it.each<[string, unknown]>([
    [
      "of a usual turn",
      { provider: "anthropic", request: {}, response: { model: "m", message }, session: { org_id: UUID } },
    ],
    [
      "with nulls",
      { provider: "openai", request: [], response: { message, usage: null }, session: null, meta: null },
    ],
  ])("is read: one %s", (_what, input) => {
    expect(readPlainBody(input)).toEqual(TurnBody.parse(input));
  });

  it.each<[string, unknown]>([
    ["no object", []],
    ["no response", { provider: "anthropic" }],
    ["a number for a text", { provider: 1, response: { message } }],
    ["an org in capitals", { response: { message }, session: { org_id: UUID.toUpperCase() } }],
    ["a time of its answer", { response: { message, created_at: "2026-11-21T07:10:00Z" } }],
  ])("is left to the schema: %s", (_what, input) => {
    expect(readPlainBody(input)).toBeUndefined();
  });
});
