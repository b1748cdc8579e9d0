import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createZstdDecoder, inflateZstd } from "./zstd-decoder.ts";

const text = JSON.stringify({
  words: Array.from({ length: 60 }, (_, at) => `turn ${at} of ${(at * at) % 97} `),
})
  .replaceAll('","', '", "')
  .replace(":", ": ");

/** The text by the reference implementation: with checksum and size, without checksum, without size. */
const frames = {
  "-3": "KLUv/WQwAyUHAELMHhigJ+mkwdvHubf9ACJuUsqUUpKW473/aQIJAGTcztzybdc0urGLebSqq9vMK2tDJU5b+h9vxpmiec7Ns5KIrIlmw6LCH5kVV09PW/6IHqIpVOpI89VPl4o1xBm73q513uRPj6WZUSCjDAFilDFQGBSQwzAQgoCCOCAIAXaoUXy+/xuwo6QNEGgkId4BALIIPzA9PPfrzR+J/0tXyobjXyP0GM944FtZig+VnkxzylslWqNdpwjarffVmN8Z5k5yXvTPcbVmOCIcuQxp7biNXrGT6oBfisKkYCL6uS38eLKtAmEjrIk=",
  "-19 --no-check":
    "KLUv/WAwA30GAEKPIxaQKx3tGsY1sMqMe5Nyy5RSClDr/yAGD0J9hk4uZ+e0f/xWf+Kr7C/Jyy3kl+Iq49Pdsqem0exMTjxTHaJupe908xa5ZOuzRGth0k+RiMkLXcP6XJl2OUX2I5cwKbWW9irjzNYP8Vi6Ys7cmmxUHiqX6ZyfuWpuSACAJIgBgSTIIcFYAAaIAKAoJBANgCN1qCEkvf3P0FfmEHiBBBL4bntNPKvAF96joBRRrLFCCkl0aJZrppBCUQBXNTw1I0vJPTzEKJqdNQfM+ghZBQ==",
  "--no-content-size":
    "KLUv/QQIJQcAQsweGKAn6aTB28e5t/0AIm5SypRSkpbjvf9pAgkAZNzO3PJt1zS6sYt5tKqr28wra0MlTlv6H2/GmaJ5zs2zkoisiWbDosIfmRVXT09b/ogeoilU6kjz1U+XijXEGbvernXe5E+PpZlRIKMMAWKUMVAYFJDDMBCCgII4IAgBdqhRfL7/G7CjpA0QaCQh3gEAsgg/MD089+vNH4n/S1fKhuNfI/QYz3jgW1mKD5WeTHPKWyVao12nCNqt99WY3xnmTnJe9M9xtWY4Ihy5DGntuI1esZPqgF+KwqRgIvq5Lfx4sq0CYSOsiQ==",
} as const;

const decode = (base64: string): Buffer => Buffer.from(base64, "base64");
const skippable = Buffer.concat([decode("UypNGAMAAAA="), Buffer.from("abc")]);

async function* inPieces(bytes: Uint8Array, pieceBytes: number) {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

async function inflate(bytes: Uint8Array, pieceBytes = bytes.length, decoder = inflateZstd): Promise<string> {
  const inflated: Uint8Array[] = [];
  for await (const chunk of decoder(inPieces(bytes, pieceBytes))) inflated.push(chunk);
  return Buffer.concat(inflated).toString();
}

describe("inflateZstd", () => {
  it.each(Object.entries(frames))(
    "inflates what the reference implementation wrote with %s",
    async (_, frame) => {
      for (const pieceBytes of [1, 7, 1000]) expect(await inflate(decode(frame), pieceBytes)).toBe(text);
    },
  );

  it("inflates one frame after the other, and passes over skippable ones", async () => {
    const all = Object.values(frames).flatMap((frame) => [skippable, decode(frame)]);
    expect(await inflate(Buffer.concat([...all, skippable]), 11)).toBe(text.repeat(3));
  });

  it("inflates nothing to nothing", async () => {
    expect(await inflate(Buffer.alloc(0))).toBe("");
    expect(await inflate(decode("KLUv/SAAAQAA"))).toBe("");
  });

  it.each(Object.entries(frames))("notices wherever a frame of %s is cut short", async (_, base64) => {
    const frame = decode(base64);
    for (let kept = 1; kept < frame.length; kept++) {
      await expect(inflate(frame.subarray(0, kept), 64)).rejects.toThrow(Error);
    }
  });

  it("refuses dictionaries, reserved bits and a size that is not the declared one", async () => {
    const frame = decode(frames["-3"]);
    const withByte = (at: number, value: number) => Buffer.from(frame).fill(value, at, at + 1);
    await expect(inflate(withByte(4, 0x61))).rejects.toThrow("dictionaries");
    await expect(inflate(withByte(4, 0x6c))).rejects.toThrow("reserved");
    await expect(inflate(withByte(5, 0x31))).rejects.toThrow("declared");
  });

  it("ends, one way or the other, whatever the bytes are", { timeout: 60_000 }, async () => {
    const decoder = createZstdDecoder({ deadlineMs: 500 });
    const corrupt = fc.tuple(
      fc.constantFrom(...Object.values(frames)),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1 }),
    );
    await fc.assert(
      fc.asyncProperty(corrupt, async ([base64, changes]) => {
        const bytes = decode(base64);
        for (const [at, value] of changes) bytes[4 + (at % (bytes.length - 4))] = value;
        const outcome: unknown = await inflate(bytes, 64, decoder).catch((error: unknown) => error);
        expect(typeof outcome === "string" || outcome instanceof Error).toBe(true);
      }),
      { numRuns: 500 },
    );
    // Nor does any of that show in what the same thread inflates next.
    for (const frame of Object.values(frames)) expect(await inflate(decode(frame), 64, decoder)).toBe(text);
  });
});
