import { randomBytes } from "node:crypto";
import { textOfBody } from "@turnpike/domain/json/decode-utf8";
import { isAppError } from "@turnpike/domain/errors";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBody, encodeBody } from "./body-codec.ts";

const passThrough = async (text: string): Promise<string> => {
  const utf8 = Buffer.from(text);
  return textOfBody(await decodeBody(await encodeBody(utf8, "tight"), utf8.length));
};

describe("a body beside the queue", () => {
  it("comes out as it went in, short or long", async () => {
    const body = fc
      .tuple(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 40_000 }))
      .map(([text, times]) => text.replaceAll("\ufeff", "").repeat(Math.ceil(times / (text.length + 1))));
    await fc.assert(
      fc.asyncProperty(body, async (text) => {
        expect(await passThrough(text)).toBe(text);
      }),
      { numRuns: 50 },
    );
  });

  it.each([0, 1, 2, 3])(
    "comes out as it went in when it is inflated in pieces, %d bytes aside",
    async (aside) => {
      const body = "x".repeat(aside) + "🐞 שלום".repeat(200_000);
      expect(await passThrough(body)).toBe(body);
    },
  );

  it.each([10, 100_000])("comes out without a byte order mark: %d letters", async (letters) => {
    const body = "é".repeat(letters);
    expect(await passThrough(`\ufeff${body}`)).toBe(body);
  });

  it("is carried as it is when it is short, and deflated when it is long", async () => {
    const short = Buffer.from('{"a":1}');
    expect(await encodeBody(short, "tight")).toEqual({ encoding: "identity", payload: short });
    const long = Buffer.from(JSON.stringify({ text: "again and ".repeat(10_000) }));
    const { encoding, payload } = await encodeBody(long, "tight");
    expect(encoding).toBe("deflate");
    expect(payload.length).toBeLessThan(long.length / 10);
    expect(await encodeBody(long, "roomy")).toEqual({ encoding: "identity", payload: long });
  });

  it.each([16_384, 40_000, 65_536, 600_000])(
    "comes out as it went in when it does not get shorter: %d bytes",
    async (bytes) => {
      const body = randomBytes(bytes);
      const encoded = await encodeBody(body, "tight");
      expect(encoded.encoding).toBe("deflate");
      expect(await decodeBody(encoded, body.length)).toEqual(body);
    },
  );

  it.each([20_000, 60_000, 300_000])("keeps no more memory than it takes: %d bytes", async (bytes) => {
    const { payload } = await encodeBody(Buffer.from("a few words, ".repeat(bytes / 13)), "tight");
    // Small ones share Node.js's pool: 8 kB in Node.js 20, 64 kB in 24.
    expect(payload.buffer.byteLength).toBeLessThanOrEqual(Math.max(16_384, Buffer.poolSize, bytes / 2));
  });

  it.each(["", "\0\0\0", "not deflated at all"])("that does not inflate is unreadable: %j", async (bytes) => {
    const payload = Buffer.from(bytes);
    for (const size of [10, 10_000_000]) {
      const error = await decodeBody({ encoding: "deflate", payload }, size).catch(
        (reason: unknown) => reason,
      );
      expect(isAppError(error, "unreadable_job")).toBe(true);
    }
  });
});
