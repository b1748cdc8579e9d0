import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { previewOf } from "./preview.ts";

describe("previewOf", () => {
  it("shows a short text as it is, trimmed and with its runs of line breaks closed up", () => {
    expect(previewOf("  one\r\n\r\n\r\ntwo  ")).toBe("one\ntwo");
    expect(previewOf("")).toBe("");
  });

  it("counts code points, not UTF-16 units", () => {
    expect(previewOf("a".repeat(201))).toBe("a".repeat(200));
    expect(previewOf("🐞".repeat(201))).toBe("🐞".repeat(200));
    expect(previewOf(`a${"🐞".repeat(300)}`)).toBe(`a${"🐞".repeat(199)}`);
  });

  it("leaves out what harnesses say to themselves", () => {
    expect(previewOf("<system-reminder>be nice</system-reminder>\nFind the bug.")).toBe("Find the bug.");
    expect(previewOf(`<system-reminder>${"x".repeat(5_000)}</system-reminder>question`)).toBe("question");
  });

  it("is empty when a tag takes up all that is looked at", () => {
    expect(previewOf(`<system-reminder>${"x".repeat(100_000)}</system-reminder>question`)).toBe("");
  });

  it("halves no pair at the end of what is looked at", () => {
    const tag = (length: number) => `<session>${"x".repeat(length - 19)}</session>`;
    expect(previewOf(`${tag(16_383)}🐞🐞`)).toBe("");
    expect(previewOf(`${tag(16_381)}🐞🐞`)).toBe("🐞");
  });

  it("of well-formed text is well-formed and at most 200 code points, whatever the text", () => {
    const part = fc.oneof(
      fc.string({
        unit: fc.constantFrom("a", " ", "\n", "<", "é", "\u0000", "🐞", "\u{10ffff}"),
        maxLength: 400,
      }),
      fc.constantFrom("<session>", "</session>", "🐞".repeat(150), "\r\n\r\n", "x".repeat(16_000)),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const preview = previewOf(parts.join(""));
        return preview.isWellFormed() && Array.from(preview).length <= 200;
      }),
    );
  });
});
