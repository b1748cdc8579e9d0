import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createByteCollector } from "./collect-bytes.ts";

function collect(chunks: readonly Uint8Array[], maxBytes: number): Buffer {
  const collector = createByteCollector(maxBytes);
  for (const chunk of chunks) collector.add(chunk);
  return collector.bytes();
}

describe("a collector of bytes", () => {
  it("gathers what is cut anywhere, small or large", () => {
    const sizes = fc.array(fc.oneof(fc.nat(10), fc.nat(70_000), fc.nat(1_500_000)), { maxLength: 8 });
    fc.assert(
      fc.property(sizes, fc.nat(3_000_000), (lengths, spare) => {
        const chunks = lengths.map((length, index) => Buffer.alloc(length, index + 1));
        const all = Buffer.concat(chunks);
        expect(collect(chunks, all.length + spare).equals(all)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it("lets go of a large body at once, and of a small one", () => {
    for (const size of [10, 100_000, 3_000_000]) {
      const collector = createByteCollector(size);
      for (let part = 0; part < 2; part += 1) collector.add(Buffer.alloc(size / 2));
      const bytes = collector.bytes();
      collector.discard();
      expect(bytes.byteLength).toBe(size > 1_000_000 ? 0 : size);
    }
  });

  it("takes no more room than a body of a known size needs", () => {
    for (const size of [40_000, 90_000, 300_000]) {
      const chunks = [Buffer.alloc(size / 4), Buffer.alloc(size / 2), Buffer.alloc(size / 4)];
      expect(collect(chunks, size).buffer.byteLength).toBe(size);
    }
  });

  it("takes a body of one chunk as it is", () => {
    const chunk = Buffer.from("all of it");
    expect(collect([chunk], 100).buffer).toBe(chunk.buffer);
  });
});
