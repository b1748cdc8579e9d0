import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeUtf8 } from "./decode-utf8.ts";

describe("UTF-8", () => {
  it("is read as what was written, without a byte order mark", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(decodeUtf8(Buffer.from(text))).toBe(text.replace(/^\ufeff/, ""));
      }),
    );
    expect(decodeUtf8(Buffer.from("\ufeff{}"))).toBe("{}");
  });

  it("has U+FFFD where a byte is malformed", () => {
    expect(decodeUtf8(Buffer.concat([Buffer.from("a"), Buffer.of(0xff), Buffer.from("z")]))).toBe("a\ufffdz");
  });
});
