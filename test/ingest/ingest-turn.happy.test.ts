import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  createTestIngest,
  limits,
  post,
  readAccepted,
  turn,
  turnOfBytes,
  UUID_V7,
} from "./ingest-fixture.ts";
import { zstdRaw } from "./zstd-frames.ts";

describe("POST /v1/ingest", () => {
  it("answers 202 with the receipt under which the turn was made durable", async () => {
    const { app, queue } = createTestIngest();
    const response = await post(app, "/v1/ingest", turn, { "x-request-id": "r-1" });
    const answer = await readAccepted(response);
    expect(response.status).toBe(202);
    expect(answer).toEqual({ status: "accepted", receipt: expect.stringMatching(UUID_V7) });
    expect(queue.calls).toEqual([
      [
        {
          receipt: answer.receipt,
          orgId: "3f1c9d52-7a44-4c0e-9b1e-5d7a0f4e2c11",
          requestId: "r-1",
          acceptedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
          body: JSON.stringify(turn),
          group: '["3f1c9d52-7a44-4c0e-9b1e-5d7a0f4e2c11","claude","s1"]',
        },
      ],
    ]);
  });

  it("hands the body on as it was received, to the byte", async () => {
    const { app, queue } = createTestIngest();
    const text = `\n${JSON.stringify(turn, null, 3)}\r\n `;
    expect((await post(app, "/v1/ingest", text)).status).toBe(202);
    expect(queue.calls[0]?.[0]?.body).toBe(text);
  });

  it("files a turn without an envelope, or without an org in it, under the nil org", async () => {
    const { app, queue } = createTestIngest();
    for (const session of [undefined, null, { org_id: "" }]) {
      expect((await post(app, "/v1/ingest", { ...turn, session })).status).toBe(202);
    }
    const orgs = queue.calls.flat().map(({ orgId }) => orgId);
    expect(new Set(orgs)).toEqual(new Set(["00000000-0000-0000-0000-000000000000"]));
    expect(orgs).toHaveLength(3);
  });

  it.each(["application/json", "application/json; charset=utf-8", "text/json", "Application/Vnd.Tapes+JSON"])(
    "takes a body that is declared as %s",
    async (contentType) => {
      const { app } = createTestIngest();
      expect((await post(app, "/v1/ingest", turn, { "content-type": contentType })).status).toBe(202);
    },
  );

  it("takes a body that is exactly as large as the limit", async () => {
    const { app } = createTestIngest();
    const text = JSON.stringify(turn).padEnd(limits.receivedBytes, " ");
    expect((await post(app, "/v1/ingest", text)).status).toBe(202);
  });

  const plain = Buffer.from(JSON.stringify(turnOfBytes(100_000)));
  it.each<[string, Uint8Array]>([
    ["gzip", gzipSync(plain)],
    ["x-gzip", gzipSync(plain)],
    ["GZIP", gzipSync(plain)],
    ["deflate", deflateSync(plain)],
    ["br", brotliCompressSync(plain)],
    ["zstd", zstdRaw(Buffer.from(JSON.stringify(turn)))],
    ["gzip, br", brotliCompressSync(gzipSync(plain))],
    ["zstd, gzip", gzipSync(zstdRaw(plain))],
    ["identity", Buffer.from(JSON.stringify(turn))],
  ])("decodes Content-Encoding %s", async (encoding, body) => {
    const { app, queue } = createTestIngest();
    const response = await post(app, "/v1/ingest", body, { "content-encoding": encoding });
    expect(response.status).toBe(202);
    expect(JSON.parse(queue.calls[0]?.[0]?.body ?? "")).toMatchObject({ provider: "anthropic" });
  });
});
