import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonValue } from "./json.ts";
import { cutText, isJsonWithin, isTextWithin } from "./json-size.ts";

const text = fc.string({ unit: "binary", maxLength: 30 });

describe("the size of JSON", () => {
  it("is what writing it would take, at any bound", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: -2, max: 2 }), (made, off) => {
        const value = JSON.parse(JSON.stringify(made)) as JsonValue;
        const bytes = Buffer.byteLength(JSON.stringify(value));
        expect(isJsonWithin(value, bytes + off)).toBe(off >= 0);
        expect(isJsonWithin(value, bytes * 8)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it("counts keys that are no ordinary ones, and escapes", () => {
    for (const json of ['{"__proto__":{"a":"\\u0000\\u0001"}}', '["\\ud800","é","🐞","\\\\"]', '{"":[]}']) {
      const value = JSON.parse(json) as JsonValue;
      const bytes = Buffer.byteLength(JSON.stringify(value));
      expect([bytes - 1, bytes].map((bound) => isJsonWithin(value, bound))).toEqual([false, true]);
    }
  });
});

describe("a text", () => {
  it("is within its bytes, or is cut to them between characters", () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 100 }), (said, bound) => {
        const wellFormed = said.toWellFormed();
        expect(isTextWithin(wellFormed, bound)).toBe(Buffer.byteLength(wellFormed) <= bound);
        const cut = cutText(wellFormed, bound);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bound);
        expect(wellFormed.startsWith(cut)).toBe(true);
        expect(Buffer.byteLength(cut)).toBeGreaterThan(Math.min(bound, Buffer.byteLength(wellFormed)) - 4);
      }),
      { numRuns: 2_000 },
    );
  });
});
