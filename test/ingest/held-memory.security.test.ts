/** Who holds memory by sending next to nothing, or by not sending the rest: others do not notice, and it ends. */
import { randomBytes, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { brotliCompressSync, constants, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { bundleOf } from "../support/bundle-of.ts";
import { queueBackends } from "../support/backends.ts";
import { createTestDatabase } from "../support/database.ts";
import { postTurn } from "../support/post-turn.ts";
import { useProcesses } from "../support/spawn.ts";
import { waitUntil } from "../support/wait-until.ts";
import { chunkOf, openConnection, type RawConnection, requestHead } from "./raw-connection.ts";
import { zstdRaw } from "./zstd-frames.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const POSTS = 100;
const MAX_POST_MS = 1_000;
const MAX_RSS_MB = 512;

// Begins like a turn, and goes on for ever.
const spaces = Buffer.concat([Buffer.from('{"request":'), Buffer.alloc(60 * MIB, " ")]);
const half = (bytes: Buffer) => bytes.subarray(0, Math.ceil(bytes.length * 0.98));
const plain = spaces.subarray(0, 38 * MIB);
const fast = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };

type Upload = readonly [coding: string | undefined, sent: Buffer];
const inflating: readonly Upload[] = [
  ["gzip", half(gzipSync(spaces))],
  ["deflate", half(deflateSync(spaces))],
  ["br", half(brotliCompressSync(spaces, fast))],
];
const repeat = (times: number, upload: Upload): Upload[] => Array.from({ length: times }, () => upload);
const each = (times: number): Upload[] =>
  Array.from({ length: times }, (_, at) => inflating[at % inflating.length] as Upload);
const attacks: readonly (readonly [name: string, uploads: readonly Upload[]])[] = [
  ["2 that inflate", each(2)],
  ["20 that inflate", each(20)],
  ["200 that inflate", each(200)],
  ["2 as they are", repeat(2, [undefined, plain])],
  ["20 as they are", repeat(20, [undefined, plain.subarray(0, 4 * MIB)])],
  ["6 of zstd", repeat(6, ["zstd", zstdRaw(plain.subarray(0, 16 * MIB)).subarray(0, -1)])],
  [
    "2 large and 400 small ones",
    [...repeat(2, [undefined, plain]), ...repeat(400, [undefined, plain.subarray(0, 60 * KIB)])],
  ],
  ["200 that only say how large they are", repeat(200, [undefined, Buffer.alloc(0)])],
];

describe.each(queueBackends().slice(0, 1))("uploads that are not finished, on $name", () => {
  const processes = useProcesses();

  async function startIngest() {
    const database = await createTestDatabase();
    const ingest = processes.start(bundleOf("ingest"), {
      env: {
        DATABASE_URL: database.url,
        REDIS_URL: undefined,
        PORT: "0",
        HOST: "127.0.0.1",
        LOG_LEVEL: "info",
      },
    });
    const [, url = ""] = await ingest.waitForLine(/"url":"(http:[^"]+)"/);
    await waitUntil(async () => (await postTurn(url, randomUUID())) === 202, { what: "its queue is open" });
    const stop = async () => {
      await ingest.kill("SIGTERM");
      await database.drop();
    };
    return { url, pid: ingest.pid, stop };
  }

  it.each(attacks)("%s shut out nobody, and are given up after 10 seconds", async (_name, uploads) => {
    const { url, pid, stop } = await startIngest();
    const connections = await Promise.all(uploads.map(([coding, sent]) => begin(url, coding, sent)));
    const slow: number[] = [];
    for (let post = 0; post < POSTS; post += 1) {
      const begunAt = performance.now();
      expect(await postTurn(url, randomUUID())).toBe(202);
      const tookMs = performance.now() - begunAt;
      if (tookMs > MAX_POST_MS) slow.push(tookMs);
    }
    expect(slow).toEqual([]);
    await Promise.all(connections.map(({ closed }) => closed));
    const statuses = new Set(connections.map((connection) => connection.received().slice(9, 12)));
    expect(statuses).toContain("408");
    expect([...statuses].filter((status) => !["408", "503", ""].includes(status))).toEqual([]);
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^turnpike_inflight_body_bytes\{.*\} 0$/m);
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    expect(Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / KIB).toBeLessThan(MAX_RSS_MB);
    await stop();
  });

  it("tell which bound refused them", async () => {
    const { url, stop } = await startIngest();
    const [first, second] = [await begin(url, undefined, plain), await begin(url, undefined, plain)];
    const refused = await Promise.race([first.answer(), second.answer()]);
    expect(refused.status).toBe(503);
    expect(JSON.parse(refused.body)).toMatchObject({
      code: "queue_unavailable",
      detail: expect.stringMatching(/MAX_INFLIGHT_BYTES, without the quarter that is kept for small ones/),
    });
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(
      /^turnpike_full_refusals\{bound="inflight_bytes_large".*\} 1$/m,
    );
    await stop();
  });

  it("leave room for the largest body that is allowed, when it is alone", async () => {
    const { url, stop } = await startIngest();
    // As many bytes over the wire and inflated as the defaults allow, but for a few.
    const text = randomBytes(47 * MIB).toString("base64");
    const turn = Buffer.from(
      JSON.stringify({
        provider: "anthropic",
        request: { model: "m", messages: [{ role: "user", content: text }] },
        response: { model: "m", message: { role: "assistant", content: [{ type: "text", text: "ok" }] } },
      }),
    );
    const zipped = gzipSync(turn, { level: 1 });
    expect(turn.length).toBeGreaterThan(62 * MIB);
    expect(zipped.length).toBeGreaterThan(46 * MIB);
    expect(await post(url, zipped, "gzip")).toBe(202);
    await stop();
  });
});

/** Send the head and a part of a body. */
async function begin(
  url: string,
  coding: string | undefined,
  sent: Buffer = Buffer.alloc(0),
): Promise<RawConnection> {
  const connection = await openConnection(url);
  const how = sent.length === 0 ? `Content-Length: ${40 * MIB}` : "Transfer-Encoding: chunked";
  await connection.write(requestHead(how, ...(coding === undefined ? [] : [`Content-Encoding: ${coding}`])));
  if (sent.length > 0) await connection.write(chunkOf(sent));
  return connection;
}

function post(url: string, body: Buffer, coding: string): Promise<number> {
  return new Promise((resolve) => {
    const headers = {
      "content-type": "application/json",
      "content-encoding": coding,
      "content-length": body.length,
    };
    const sent = request(`${url}/v1/ingest`, { method: "POST", headers, agent: false }, (answer) => {
      answer.resume().once("close", () => resolve(answer.statusCode ?? 0));
    });
    sent.once("error", () => resolve(0));
    sent.end(body);
  });
}
