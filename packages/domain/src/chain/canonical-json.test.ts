import canonicalize from "canonicalize";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "./canonical-json.ts";
import { MAX_JSON_DEPTH } from "../json/find-json-fault.ts";
import type { JsonValue } from "../json/json.ts";

const parse = (text: string): JsonValue => JSON.parse(text) as JsonValue;

describe("canonicalJson", () => {
  it("writes the sample of RFC 8785, section 3.2.2", () => {
    const sample = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`;

    expect(canonicalJson(parse(sample))).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        String.raw`"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it("sorts the keys of RFC 8785, section 3.2.3, by UTF-16 code units", () => {
    const sample = String.raw`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh",
      "1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`;

    const keys = Object.values(parse(sample) as object);

    expect(keys).toHaveLength(7);
    expect(canonicalJson(parse(sample)).match(/"[^"]*"(?=[,}])/g)).toEqual([
      '"Carriage Return"',
      '"One"',
      '"Control"',
      '"Latin Small Letter O With Diaeresis"',
      '"Euro Sign"',
      '"Emoji: Grinning Face"',
      '"Hebrew Letter Dalet With Dagesh"',
    ]);
  });

  // RFC 8785, appendix B.
  it.each([
    [0, "0"],
    [-0, "0"],
    [Number.MIN_VALUE, "5e-324"],
    [-Number.MIN_VALUE, "-5e-324"],
    [Number.MAX_VALUE, "1.7976931348623157e+308"],
    [9007199254740992, "9007199254740992"],
    [295147905179352830000, "295147905179352830000"],
    [9.999999999999997e22, "9.999999999999997e+22"],
    [1e23, "1e+23"],
    [999999999999999700000, "999999999999999700000"],
    [1e21, "1e+21"],
    [9.999999999999997e-7, "9.999999999999997e-7"],
    [0.000001, "0.000001"],
    [333333333.3333332, "333333333.3333332"],
    [1424953923781206.25, "1424953923781206.2"],
  ])("writes the number %d as %s", (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });

  it("agrees with another implementation on any well-formed JSON", () => {
    const value = fc.jsonValue({ stringUnit: "binary", maxDepth: 5 });

    fc.assert(
      fc.property(value, (json) => canonicalJson(json as JsonValue) === canonicalize(json)),
      { numRuns: 500 },
    );
  });

  it("replaces lone surrogates in values and keys, and lets the last of equal keys win", () => {
    expect(canonicalJson(parse(String.raw`["a\ud800", "\udc00\ud800"]`))).toBe('["a\ufffd","\ufffd\ufffd"]');
    expect(canonicalJson(parse(String.raw`{"\ud800":1,"\udfff":2,"a":3}`))).toBe('{"a":3,"\ufffd":2}');
  });

  it("keeps an own key __proto__", () => {
    expect(canonicalJson(parse('{"__proto__":{"b":1},"a":2}'))).toBe('{"__proto__":{"b":1},"a":2}');
  });

  it("writes JSON as deep as the limit, and refuses deeper JSON with an error", () => {
    const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

    expect(canonicalJson(parse(nested(MAX_JSON_DEPTH)))).toBe(nested(MAX_JSON_DEPTH));
    for (const depth of [MAX_JSON_DEPTH + 1, 10_000, 1_000_000]) {
      expect(() => canonicalJson(parse(nested(depth)))).toThrow(
        expect.objectContaining({ code: "unparsable_request" }),
      );
    }
  });

  it("refuses a number that JSON.parse reads as infinite", () => {
    expect(() => canonicalJson(parse("[1e999]"))).toThrow("number out of range");
  });
});
