import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonValue } from "../json/json.ts";
import { mayHoldUnstorable, toStorable } from "./storable-text.ts";

const parse = (text: string): JsonValue => JSON.parse(text) as JsonValue;

describe("toStorable", () => {
  it("replaces U+0000 and lone surrogates in keys and values, and counts them", () => {
    const value = parse(String.raw`{"a\u0000":["\ud800x\udc00\ud83d\ude00", {"b":"\u0000\u0000"}], "c":1}`);

    expect(toStorable(value)).toEqual({
      value: { "a\ufffd": ["\ufffdx\ufffd\u{1f600}", { b: "\ufffd\ufffd" }], c: 1 },
      replaced: 5,
    });
  });

  it("gives back the very same value when there is nothing to replace", () => {
    const value = parse('{"a":["b",{"c":null}],"d":1.5}');

    expect(toStorable(value).value).toBe(value);
    expect(toStorable(value).replaced).toBe(0);
  });

  it("leaves every untouched part of a changed value as it is, and the original too", () => {
    const value = { kept: ["a"], changed: "\0" };

    const storable = toStorable(value).value;

    expect(storable.kept).toBe(value.kept);
    expect(value.changed).toBe("\0");
  });

  it("takes a plain string", () => {
    expect(toStorable("a\0b")).toEqual({ value: "a\ufffdb", replaced: 1 });
  });

  it("leaves the six characters of a written out escape", () => {
    expect(toStorable("\\u0000")).toEqual({ value: "\\u0000", replaced: 0 });
  });

  it("keeps an own key __proto__", () => {
    const { value } = toStorable(parse(String.raw`{"__proto__":{"a":"\u0000"}}`));

    expect(JSON.stringify(value)).toBe('{"__proto__":{"a":"\ufffd"}}');
  });

  it("lets the last of keys win that become equal", () => {
    expect(toStorable(parse(String.raw`{"\u0000":1,"\ud800":2}`))).toEqual({
      value: { "\ufffd": 2 },
      replaced: 2,
    });
  });
});

describe("mayHoldUnstorable", () => {
  it.each([
    String.raw`"\u0000"`,
    String.raw`"\uD83D"`,
    String.raw`"\udfff"`,
    String.raw`{"arguments":"{\"a\":\"\\u0000\"}"}`,
    String.raw`{"arguments":"{\"a\":\"\u005cu0000\"}"}`,
    String.raw`{"arguments":"{\"a\":\"\\\u0075d800\"}"}`,
    String.raw`{"arguments":"{\"a\":\"\\u\u0030000\"}"}`,
  ])("suspects %s", (text) => {
    expect(mayHoldUnstorable(text)).toBe(true);
  });

  it.each([String.raw`"plain \n \u00e9 \u2028 \u001f text"`, String.raw`"\u003cb\u003e \u0026 \u0027"`])(
    "does not suspect %s",
    (text) => {
      expect(mayHoldUnstorable(text)).toBe(false);
    },
  );

  it("never misses a value that has something to replace", () => {
    const unit = fc.constantFrom("\0", "\ud800", "\udc00", "\\u0000", "a", "\u{1f600}", '"');
    const anyText = fc.array(unit, { maxLength: 6 }).map((units) => units.join(""));

    fc.assert(
      fc.property(fc.dictionary(anyText, anyText), (value) => {
        const text = JSON.stringify({ arguments: JSON.stringify(value), value });
        return toStorable(value).replaced === 0 || mayHoldUnstorable(text);
      }),
    );
  });
});
