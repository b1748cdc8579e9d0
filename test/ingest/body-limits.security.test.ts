/** What hostile or clumsy senders do to a real socket. */
import { brotliCompressSync, constants, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { waitUntil } from "../support/wait-until.ts";
import { createTestIngest, limits, readProblem, serveForTests, turn } from "./ingest-fixture.ts";
import { chunkOf, openConnection, requestHead } from "./raw-connection.ts";
import { windows, zstdBomb, zstdOfEmptyBlocks, zstdSkippable } from "./zstd-frames.ts";

const ingest = createTestIngest();
const { url } = await serveForTests(ingest.app);
const lastLogged = () => ingest.logged().findLast((event) => event["event"] === "http_request");

const zeros = Buffer.alloc(64 * 1024 * 1024);
const fastBrotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
const bombs: [encoding: string, body: Buffer][] = [
  ["gzip", gzipSync(zeros)],
  ["deflate", deflateSync(zeros)],
  ["br", brotliCompressSync(zeros, fastBrotli)],
  ["zstd", zstdBomb(512)],
  ["gzip, gzip", gzipSync(gzipSync(zeros))],
  ["gzip, br", brotliCompressSync(gzipSync(zeros), fastBrotli)],
  ["zstd, gzip", gzipSync(zstdBomb(8_000))],
];

// Inflates to next to nothing, but only after much work on the way there.
const emptyInside = gzipSync(Buffer.concat(Array.from({ length: 20_000 }, () => gzipSync(""))));

const postBytes = (body: Uint8Array<ArrayBuffer>, encoding?: string) =>
  fetch(`${url}/v1/ingest`, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...(encoding && { "content-encoding": encoding }) },
  });

describe("a body that inflates beyond all bounds", () => {
  it.each(bombs)("is refused while it inflates: %s", async (encoding, body) => {
    expect(body.length).toBeLessThan(limits.receivedBytes * 4);
    const response = await postBytes(new Uint8Array(body), encoding);
    expect(response.status).toBe(413);
    expect((await readProblem(response)).code).toBe("payload_too_large");
  });

  it("is refused by the size of each step when encodings are stacked", async () => {
    const response = await postBytes(new Uint8Array(emptyInside), "gzip, gzip");
    expect(response.status).toBe(413);
  });

  it("is refused when it stacks encodings without end", async () => {
    const response = await postBytes(new Uint8Array(gzipSync("{}")), "gzip, gzip, gzip, gzip");
    expect(response.status).toBe(400);
    expect((await readProblem(response)).detail).toContain("at most 3");
  });

  it.each<[string, Buffer]>([
    ["a window larger than the 8 MiB of RFC 9659", zstdBomb(1, windows.tooLarge)],
    ["the largest window that the format knows", zstdBomb(1, 255)],
    ["blocks that carry nothing but cost a window's work each", zstdOfEmptyBlocks(20_000, windows.largest)],
    ["frames that carry nothing", Buffer.concat(Array(6_000).fill(zstdOfEmptyBlocks(1, windows.largest)))],
    ["a skippable frame that is longer than the body", zstdSkippable(Buffer.alloc(99)).subarray(0, 50)],
    ["no frame at all", Buffer.from("{}{}{}{}")],
  ])("is refused when its zstd has %s", async (_, body) => {
    const response = await postBytes(new Uint8Array(body), "zstd");
    expect(response.status).toBe(400);
    expect((await readProblem(response)).code).toBe("invalid_envelope");
  });
});

describe("a body that keeps its decoder busy for ever", () => {
  it("is refused by a deadline, and others are answered meanwhile", async () => {
    // One zstd block, whose Huffman weights are written by states that take no bits.
    const body = Buffer.from("28b52ffd00384d000012400104f003000400", "hex");
    const refusal = postBytes(new Uint8Array(body), "zstd");
    for (let others = 0; others < 20; others += 1) expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(await Promise.race([refusal, Promise.resolve("none yet")])).toBe("none yet");
    const response = await refusal;
    expect(response.status).toBe(400);
    expect((await readProblem(response)).code).toBe("invalid_envelope");
  });
});

describe("a body that is larger than the limit", () => {
  it("is refused by Content-Length before any of it was sent", async () => {
    const connection = await openConnection(url);
    await connection.write(requestHead(`Content-Length: ${2 ** 40}`));
    const { status, body } = await connection.answer();
    expect(status).toBe(413);
    expect(JSON.parse(body)).toMatchObject({ code: "payload_too_large" });
    await connection.closed;
  });

  it("is refused by counting when it is chunked, while the client still sends", async () => {
    const connection = await openConnection(url);
    await connection.write(requestHead("Transfer-Encoding: chunked"));
    const chunk = chunkOf(Buffer.alloc(16 * 1024, " "));
    for (let sent = 0; sent <= limits.receivedBytes; sent += 16 * 1024) await connection.write(chunk);
    expect((await connection.answer()).status).toBe(413);
    await connection.closed;
  });

  it("is refused in a way that a client which sends everything first can read", async () => {
    const response = await postBytes(new Uint8Array(8 * 1024 * 1024));
    expect(response.status).toBe(413);
    expect((await readProblem(response)).requestId).toBe(response.headers.get("x-request-id"));
  });

  it("is held in no more memory than the limit when it comes byte by byte", async () => {
    const connection = await openConnection(url);
    const text = JSON.stringify(turn);
    const bytes = [...Buffer.from(text)].map((byte) => chunkOf(Buffer.of(byte)));
    await connection.write(requestHead("Transfer-Encoding: chunked"));
    await connection.write(Buffer.concat([...bytes, chunkOf(Buffer.alloc(0))]));
    expect((await connection.answer()).status).toBe(202);
    expect(ingest.queue.calls.at(-1)?.[0]?.body).toBe(text);
    expect(lastLogged()).toMatchObject({ receivedBytes: text.length });
  });
});

describe("a client that goes away half way", () => {
  it.each([
    ["declared", requestHead("Content-Length: 100"), '{"provider":'],
    ["chunked", requestHead("Transfer-Encoding: chunked"), "5\r\n{    \r\n"],
    ["compressed", requestHead("Content-Encoding: gzip", "Content-Length: 100"), gzipSync("{}")],
  ])("is logged as gone, not as a failure of ours: %s body", async (_, head, start) => {
    const before = ingest.logged().length;
    const connection = await openConnection(url);
    await connection.write(head);
    await connection.write(start);
    connection.destroy();
    await waitUntil(() => ingest.logged().length > before, { what: "the request is logged" });
    expect(ingest.logged().slice(before)).toMatchObject([
      { level: "info", status: 499, code: "invalid_envelope" },
    ]);
  });
});

describe("a client that is slow", () => {
  it("is answered 408 and let go when its head or body does not come in time", async () => {
    const app = createTestIngest().app;
    const slow = await serveForTests(app, { headersTimeoutMs: 100, requestTimeoutMs: 200 });
    for (const start of ["POST /v1/ingest HTTP/1.1\r\nHost:", `${requestHead("Content-Length: 9")}{`]) {
      const connection = await openConnection(slow.url);
      await connection.write(start);
      await connection.closed;
      expect(connection.received()).toMatch(/^HTTP\/1.1 408 /);
    }
  });
});

it("still takes turns after all that", async () => {
  expect((await postBytes(new TextEncoder().encode(JSON.stringify(turn)))).status).toBe(202);
});
