import { describe, expect, it } from "vitest";
import { joinJson, writeArray } from "./array-literal.ts";

describe("an array for Postgres", () => {
  it("quotes strings, and leaves numbers, booleans and nulls bare", () => {
    expect(writeArray(["a", "NULL", "", 1, 2n, 0.5, true, null, undefined])).toBe(
      '{"a","NULL","",1,2,0.5,true,NULL,NULL}',
    );
    expect(writeArray([])).toBe("{}");
  });

  it("escapes quotes and backslashes, and nothing else", () => {
    expect(writeArray([String.raw`a"b\c`, "{,}", "línea\n改行 🐞"])).toBe(
      String.raw`{"a\"b\\c","{,}","línea` + '\n改行 🐞"}',
    );
  });

  it("refuses what it cannot write", () => {
    expect(() => writeArray([{ a: 1 }])).toThrow(TypeError);
    expect(() => writeArray([["a"]])).toThrow(TypeError);
  });
});

describe("joined JSON", () => {
  it("comes apart where it was joined, whatever the texts say", () => {
    const values = [{ text: "a\u001fb" }, {}, ["\u001f", '"'], { "\u001f": null }];
    expect(
      joinJson(values)
        .split("\u001f")
        .map((text) => JSON.parse(text) as unknown),
    ).toEqual(values);
  });
});
