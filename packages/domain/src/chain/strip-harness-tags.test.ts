import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { harnessTags, stripHarnessTags } from "./strip-harness-tags.ts";

/** The contract's words, one by one: quadratic, but plainly right. */
function stripNaively(text: string): string {
  let rest = text;
  for (const tag of harnessTags) {
    for (let start = rest.indexOf(`<${tag}>`); start !== -1; start = rest.indexOf(`<${tag}>`)) {
      const close = rest.indexOf(`</${tag}>`, start);
      rest = rest.slice(0, start) + (close === -1 ? "" : rest.slice(close + tag.length + 3));
    }
  }
  return rest;
}

const scraps = [
  "<",
  "</",
  ">",
  "session",
  "<session>",
  "</session>",
  "<sess",
  "ion>",
  "<event>",
  "</event>",
  "<ev",
  "ent>",
];
const taggedText = fc.array(fc.constantFrom(...scraps, "<task-", "id>", "x", " "), { maxLength: 40 });

describe("stripHarnessTags", () => {
  it.each(harnessTags)("strips %s, with what is in it", (tag) => {
    expect(stripHarnessTags(`a<${tag}>b\n<c></${tag}>d`)).toBe("ad");
  });

  it("finds a tag that a cut has joined, over any number of cuts", () => {
    expect(stripHarnessTags("a<sess<session></session>ion>b</session>c")).toBe("ac");
    expect(stripHarnessTags("a<s<session></session>es<session></session>sion>b</session>c")).toBe("ac");
    expect(stripHarnessTags("<sess<sess<session></session>ion></session>ion>x</session>y")).toBe("y");
  });

  it("finds a tag that stripping another tag has joined only when its turn is yet to come", () => {
    expect(stripHarnessTags("<sta<session></session>tus>x</status>y")).toBe("y");
    expect(stripHarnessTags("<ses<status></status>sion>x</session>y")).toBe("<session>x</session>y");
  });

  it("does as the contract says on any text", () => {
    fc.assert(
      fc.property(taggedText, (parts) => {
        const text = parts.join("");
        expect(stripHarnessTags(text)).toBe(stripNaively(text));
      }),
      { numRuns: 5_000 },
    );
  });
});
