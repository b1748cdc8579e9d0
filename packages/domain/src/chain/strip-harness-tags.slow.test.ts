import { describe, expect, it } from "vitest";
import { stripHarnessTags } from "./strip-harness-tags.ts";

const SIZE = 30_000_000;
const repeated = (unit: string): string => unit.repeat(SIZE / unit.length);

describe("stripHarnessTags", () => {
  it.each([
    ["empty tags side by side", "<session></session>", ""],
    ["tags with a character between them", "<event></event>x", "x"],
    ["tags that a cut joins", "<sess<session></session>ion></session>", ""],
    ["opening angle brackets", "<", "<"],
    ["closing tags", "</session>", "</session>"],
  ])("takes 30 MB of %s", (_, unit, left) => {
    const count = Math.floor(SIZE / unit.length);
    const stripped = stripHarnessTags(repeated(unit));

    expect(stripped.length).toBe(left.length * count);
    expect(stripped === left.repeat(count)).toBe(true);
  });

  it("takes 30 MB of opening tags, and of halves that one cut after the other joins", () => {
    const depth = SIZE / 20;
    const nested = "<sess".repeat(depth) + "<session></session>" + "ion></session>".repeat(depth);

    expect(stripHarnessTags(repeated("<session>"))).toBe("");
    expect(stripHarnessTags(nested)).toBe("");
  });
});
