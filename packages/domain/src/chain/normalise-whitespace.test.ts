import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normaliseWhitespace } from "./normalise-whitespace.ts";

const SPACE_SET = "\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

/** The contract's words, one by one: quadratic, but plainly right. */
function normaliseNaively(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replace(/[ \t]+\n/g, "\n")
    .replace(/\n{2,}/g, "\n")
    .replace(new RegExp(`^[${SPACE_SET}]+`), "")
    .replace(new RegExp(`[${SPACE_SET}]+$`), "");
}

const units = [
  " ",
  "\t",
  "\n",
  "\r",
  "\r\n",
  "a",
  "b ",
  "\v",
  "\f",
  "\u0085",
  "\u00a0",
  "\u2028",
  "\ufeff",
  "\u200b",
];
const blankText = fc.array(fc.constantFrom(...units), { maxLength: 40 });

describe("normaliseWhitespace", () => {
  it("does as the contract says on any text", () => {
    fc.assert(
      fc.property(blankText, (parts) => {
        const text = parts.join("");
        expect(normaliseWhitespace(text)).toBe(normaliseNaively(text));
      }),
      { numRuns: 10_000 },
    );
  });

  it("trims exactly the white space of Unicode", () => {
    for (let code = 0; code <= 0xffff; code++) {
      const unit = String.fromCharCode(code);
      const isTrimmed = new RegExp(`[${SPACE_SET}]`).test(unit);
      expect(normaliseWhitespace(`${unit}x${unit}`) === "x", `U+${code.toString(16)}`).toBe(isTrimmed);
    }
  });
});
