import { describe, expect, it } from "vitest";
import { findJsonFault, MAX_JSON_DEPTH } from "./find-json-fault.ts";
import type { JsonValue } from "./json.ts";

const parse = (text: string): JsonValue => JSON.parse(text) as JsonValue;
const nestedObjects = (depth: number): string => '{"a":'.repeat(depth) + "1" + "}".repeat(depth);

describe("findJsonFault", () => {
  it("finds nothing in ordinary JSON, nor in JSON as deep as the limit", () => {
    expect(findJsonFault(parse('{"a":[1,"b",null,true,{"c":-0.5}]}'))).toBeUndefined();
    expect(findJsonFault(parse(nestedObjects(MAX_JSON_DEPTH)))).toBeUndefined();
  });

  it("finds nesting beyond the limit without overflowing the stack", () => {
    expect(findJsonFault(parse(nestedObjects(MAX_JSON_DEPTH + 1)))).toBe("nested deeper than 512 levels");
    expect(findJsonFault(parse(nestedObjects(500_000)))).toBe("nested deeper than 512 levels");
  });

  it("finds an infinite number at any depth", () => {
    expect(findJsonFault(parse('{"a":[{"b":1e400}]}'))).toBe("holds a number out of range");
  });
});
