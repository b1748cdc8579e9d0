import { isAppError } from "@turnpike/domain/errors";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBody, encodeBody } from "./body-codec.ts";

describe("a body in a job", () => {
  it("comes out as it went in, short or long", async () => {
    const body = fc
      .tuple(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 40_000 }))
      .map(([text, times]) => text.repeat(Math.ceil(times / (text.length + 1))));
    await fc.assert(
      fc.asyncProperty(body, async (text) => {
        expect(await decodeBody(await encodeBody(text))).toBe(text);
      }),
      { numRuns: 50 },
    );
  });

  it("is carried as it is when it is short, and compressed when it is long", async () => {
    expect(await encodeBody('{"a":1}')).toEqual({ encoding: "identity", body: '{"a":1}' });
    const long = JSON.stringify({ text: "again and ".repeat(10_000) });
    const encoded = await encodeBody(long);
    expect(encoded.encoding).toBe("deflate");
    expect(encoded.body.length).toBeLessThan(long.length / 10);
    expect(encoded.body).toMatch(/^[A-Za-z0-9+/]+=*$/);
  });

  it.each(["", "AAAA", "not base64 at all"])("that does not inflate is unreadable: %j", async (body) => {
    const error = await decodeBody({ encoding: "deflate", body }).catch((reason: unknown) => reason);
    expect(isAppError(error, "unreadable_job")).toBe(true);
  });
});
