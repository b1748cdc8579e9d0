import { describe, expect, it } from "vitest";
import { normaliseWhitespace } from "./normalise-whitespace.ts";

const SIZE = 30_000_000;

describe("normaliseWhitespace", () => {
  it.each([
    ["spaces", " ", ""],
    ["line feeds", "\n", ""],
    ["CR LF", "\r\n", ""],
    ["carriage returns", "\r", ""],
    ["blank lines", " \n", ""],
  ])("takes 30 MB of only %s", (_, unit, left) => {
    expect(normaliseWhitespace(unit.repeat(SIZE / unit.length))).toBe(left);
  });

  it("takes 30 MB of short lines that all change", () => {
    const count = SIZE / 3;

    const normalised = normaliseWhitespace("a \n".repeat(count));

    expect(normalised === "a\n".repeat(count).trimEnd()).toBe(true);
  });

  it("takes 30 MB of blanks between two words", () => {
    const text = `a${" \t".repeat(SIZE / 2)}b`;

    expect(normaliseWhitespace(text) === text).toBe(true);
    expect(normaliseWhitespace(`a${" \t".repeat(SIZE / 2)}\nb`)).toBe("a\nb");
  });
});
