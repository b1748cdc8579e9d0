import * as fc from "fast-check";
import { expect, it } from "vitest";
import { collectText } from "./collect-text.ts";

async function* chunksOf(...chunks: Uint8Array[]) {
  yield* chunks;
}

it("gathers text that is cut anywhere, also inside a character", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 5 }), async (text, size) => {
      const bytes = new TextEncoder().encode(text);
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.subarray(at * size, (at + 1) * size),
      );
      expect(await collectText(chunksOf(...pieces))).toBe(text.replace(/^\ufeff/, ""));
    }),
  );
});

it("grows with what comes, and puts U+FFFD where a byte is malformed", async () => {
  const large = Buffer.alloc(300_000, "x");
  expect(await collectText(chunksOf(large, Buffer.of(0xff), large))).toBe(
    `${"x".repeat(300_000)}\ufffd${"x".repeat(300_000)}`,
  );
});
