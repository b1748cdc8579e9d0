import { randomBytes } from "node:crypto";
import { isAppError } from "@turnpike/domain/errors";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BESIDE_FROM_BYTES, decodeBody, encodeBody, inflateText } from "./body-codec.ts";

async function passThrough(body: string): Promise<string> {
  const encoded = await encodeBody(body, "tight");
  return encoded.encoding === "beside" ? inflateText(encoded.payload) : decodeBody(encoded);
}

describe("a body in a job", () => {
  it("comes out as it went in, short or long", async () => {
    const body = fc
      .tuple(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 40_000 }))
      .map(([text, times]) => text.repeat(Math.ceil(times / (text.length + 1))));
    await fc.assert(
      fc.asyncProperty(body, async (text) => {
        expect(await passThrough(text)).toBe(text);
      }),
      { numRuns: 50 },
    );
  });

  it.each([0, 1, 2, 3])(
    "comes out as it went in when it is deflated in pieces, %d units aside",
    async (aside) => {
      const body = "\ufeff".repeat(aside) + "🐞 שלום".repeat(200_000);
      expect(await passThrough(body)).toBe(body);
    },
  );

  it("is carried as it is when it is short, and deflated when it is long", async () => {
    expect(await encodeBody('{"a":1}', "tight")).toEqual({ encoding: "identity", body: '{"a":1}' });
    const long = JSON.stringify({ text: "again and ".repeat(10_000) });
    const encoded = await encodeBody(long, "tight");
    if (encoded.encoding !== "deflate") throw new Error(`it is ${encoded.encoding}`);
    expect(encoded.body.length).toBeLessThan(long.length / 10);
    expect(encoded.body).toMatch(/^[A-Za-z0-9+/]+=*$/);
  });

  it("lies beside the queue when it is long even deflated", async () => {
    const body = randomBytes(400_000).toString("base64");
    const encoded = await encodeBody(body, "tight");
    if (encoded.encoding !== "beside") throw new Error(`it is ${encoded.encoding}`);
    expect(encoded.payload.length).toBeGreaterThan(BESIDE_FROM_BYTES);
    expect(await passThrough(body)).toBe(body);
  });

  it.each(["", "AAAA", "not base64 at all"])("that does not inflate is unreadable: %j", async (body) => {
    const error = await decodeBody({ encoding: "deflate", body }).catch((reason: unknown) => reason);
    expect(isAppError(error, "unreadable_job")).toBe(true);
  });
});
