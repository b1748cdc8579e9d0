import { brotliCompressSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createTestIngest, limits, post, readProblem, turn, turnOfBytes } from "./ingest-fixture.ts";

const withMessage = (message: unknown) => ({ ...turn, response: { ...turn.response, message } });

interface Refusal {
  readonly body: unknown;
  readonly headers?: Record<string, string>;
  readonly status: number;
  readonly code: string;
  readonly detail: string | RegExp;
}

const refusals: Record<string, Refusal> = {
  "a body that declares more than the limit": {
    body: "{}",
    headers: { "content-length": String(limits.receivedBytes + 1) },
    status: 413,
    code: "payload_too_large",
    detail: "body too large: at most 65536 bytes received",
  },
  "a body that turns out larger than the limit": {
    body: turnOfBytes(limits.receivedBytes),
    status: 413,
    code: "payload_too_large",
    detail: "body too large: at most 65536 bytes received",
  },
  "a body that inflates to more than the limit": {
    body: gzipSync(JSON.stringify(turnOfBytes(limits.decodedBytes))),
    headers: { "content-encoding": "gzip" },
    status: 413,
    code: "payload_too_large",
    detail: "body too large: at most 131072 bytes decoded",
  },
  "a body that is not declared as JSON": {
    body: turn,
    headers: { "content-type": "text/plain" },
    status: 400,
    code: "invalid_envelope",
    detail: "invalid envelope: Content-Type must be application/json, text/json or a +json type",
  },
  "a body whose type only looks like JSON": {
    body: turn,
    headers: { "content-type": "application/jsonp" },
    status: 400,
    code: "invalid_envelope",
    detail: /^invalid envelope: Content-Type/,
  },
  "an encoding that nobody knows": {
    body: turn,
    headers: { "content-encoding": "compress" },
    status: 400,
    code: "invalid_envelope",
    detail: "invalid envelope: Content-Encoding must be gzip, deflate, br or zstd",
  },
  "an encoding that the body does not have": {
    body: turn,
    headers: { "content-encoding": "br" },
    status: 400,
    code: "invalid_envelope",
    detail: "invalid envelope: the body does not fit its Content-Encoding",
  },
  "an encoded body that is cut short": {
    body: gzipSync(JSON.stringify(turn)).subarray(0, -9),
    headers: { "content-encoding": "gzip" },
    status: 400,
    code: "invalid_envelope",
    detail: "invalid envelope: the body does not fit its Content-Encoding",
  },
  "an encoded body that is cut short below another encoding": {
    body: brotliCompressSync(gzipSync(JSON.stringify(turn)).subarray(0, -9)),
    headers: { "content-encoding": "gzip, br" },
    status: 400,
    code: "invalid_envelope",
    detail: "invalid envelope: the body does not fit its Content-Encoding",
  },
  "no body": {
    body: "",
    status: 400,
    code: "invalid_envelope",
    detail: "invalid envelope: body: not valid JSON",
  },
  "a body that is not JSON": {
    body: '{"provider": "anthropic", secret',
    status: 400,
    code: "invalid_envelope",
    detail: "invalid envelope: body: not valid JSON",
  },
  "a body that is no object": {
    body: [turn],
    status: 400,
    code: "invalid_envelope",
    detail: /^invalid envelope: body: /,
  },
  "a field of the wrong type": {
    body: { ...turn, agent_name: 7 },
    status: 400,
    code: "invalid_envelope",
    detail: /^invalid envelope: agent_name: /,
  },
  "an org that is no UUID": {
    body: { ...turn, session: { org_id: "acme" } },
    status: 400,
    code: "invalid_envelope",
    detail: "invalid envelope: org_id is not a valid UUID",
  },
  "an empty parent": {
    body: { ...turn, session: { parent_harness_session_id: "" } },
    status: 400,
    code: "invalid_envelope",
    detail: /^invalid envelope: session\.parent_harness_session_id: .*omit it/,
  },
  "metadata that is no object": {
    body: { ...turn, session: { harness_metadata: [1] } },
    status: 400,
    code: "invalid_envelope",
    detail: /^invalid envelope: session\.harness_metadata: /,
  },
  "a provider that is not one of the three": {
    body: { ...turn, provider: "x" },
    status: 422,
    code: "unsupported_provider",
    detail: 'unprocessable turn: unsupported provider "x" (supported: [anthropic openai ollama])',
  },
  "no provider": {
    body: { ...turn, provider: undefined },
    status: 422,
    code: "unsupported_provider",
    detail: 'unprocessable turn: unsupported provider "" (supported: [anthropic openai ollama])',
  },
  "a request of the wrong shape for its provider": {
    body: { ...turn, request: { messages: "hello" } },
    status: 422,
    code: "unparsable_request",
    detail: /^unprocessable turn: cannot parse request: /,
  },
  "no request": {
    body: { ...turn, request: undefined },
    status: 422,
    code: "unparsable_request",
    detail: /^unprocessable turn: cannot parse request: /,
  },
  "a response without a role": {
    body: withMessage({ role: "", content: [{ type: "text" }] }),
    status: 422,
    code: "invalid_response",
    detail: "unprocessable turn: invalid reduced response: missing response.message.role",
  },
  "a response without content": {
    body: withMessage({ role: "assistant", content: [] }),
    status: 422,
    code: "invalid_response",
    detail: "unprocessable turn: invalid reduced response: missing response.message.content",
  },
  "a response with a block without type": {
    body: withMessage({ role: "assistant", content: [{ type: "text" }, { text: "?" }] }),
    status: 422,
    code: "invalid_response",
    detail: "unprocessable turn: invalid reduced response: missing response.message.content[1].type",
  },
};

// In the order in which the contract decides: each of these has the fault of its name and all faults further down.
const badMessage = { ...turn.response, message: { role: "" } };
const precedence: [code: string, body: unknown, headers?: Record<string, string>][] = [
  ["payload_too_large", "x".repeat(limits.receivedBytes + 1), { "content-type": "text/plain" }],
  [
    "payload_too_large",
    gzipSync("x".repeat(limits.decodedBytes + 1)),
    { "content-type": "text/plain", "content-encoding": "gzip" },
  ],
  ["payload_too_large", "{}", { "content-length": String(2 ** 40), "content-encoding": "compress" }],
  ["invalid_envelope", JSON.stringify({ provider: "x" }), { "content-type": "text/plain" }],
  ["invalid_envelope", { provider: "x", request: 1, response: badMessage, session: { org_id: "acme" } }],
  ["unsupported_provider", { provider: "x", request: 1, response: badMessage }],
  ["unparsable_request", { provider: "openai", request: 1, response: badMessage }],
  ["invalid_response", { ...turn, response: badMessage }],
];

describe("POST /v1/ingest", () => {
  it.each(Object.entries(refusals))("refuses %s", async (_, { body, headers, status, code, detail }) => {
    const { app, queue } = createTestIngest();
    const response = await post(app, "/v1/ingest", body, headers);
    const problem = await readProblem(response);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(problem).toEqual({
      type: "about:blank",
      title: { 400: "Bad Request", 413: "Content Too Large", 422: "Unprocessable Content" }[status],
      status,
      detail: expect.toSatisfy((text: string) =>
        typeof detail === "string" ? text === detail : detail.test(text),
      ),
      code,
      requestId: response.headers.get("x-request-id"),
      error: problem.detail,
    });
    expect(response.status).toBe(status);
    expect(queue.calls).toEqual([]);
  });

  it("refuses a body whose type is not declared at all", async () => {
    const { app } = createTestIngest();
    const body = new TextEncoder().encode(JSON.stringify(turn));
    const response = await app.request("/v1/ingest", { method: "POST", body });
    expect(response.status).toBe(400);
    expect((await readProblem(response)).code).toBe("invalid_envelope");
  });

  it.each(precedence)("says %s before anything that is decided later", async (code, body, headers) => {
    const { app } = createTestIngest();
    expect((await readProblem(await post(app, "/v1/ingest", body, headers))).code).toBe(code);
  });

  it("answers 503 with Retry-After when the queue is away, without saying what it said", async () => {
    const { app, queue } = createTestIngest();
    queue.isAway = true;
    const response = await post(app, "/v1/ingest", turn);
    expect(response.status).toBe(503);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    const problem = await readProblem(response);
    expect(problem).toMatchObject({
      code: "queue_unavailable",
      title: "Service Unavailable",
      error: problem.detail,
    });
    expect(JSON.stringify(problem)).not.toMatch(/ECONNREFUSED|10\.0\.0\.7/);
  });

  it("answers 500 without saying why when something unforeseen happens, and logs it", async () => {
    const { app, queue, logged } = createTestIngest();
    queue.enqueue = async () => {
      throw new TypeError("secret internals");
    };
    const response = await post(app, "/v1/ingest", turn);
    expect(response.status).toBe(500);
    const problem = await readProblem(response);
    expect(problem.code).toBe("internal");
    expect(JSON.stringify(problem)).not.toContain("secret");
    expect(logged().at(-1)).toMatchObject({
      level: "error",
      status: 500,
      at: expect.stringMatching(/^TypeError at .*ingest-turn\.error\.test\.ts/),
    });
    expect(JSON.stringify(logged())).not.toContain("secret");
  });
});

describe("other methods and paths", () => {
  it("answers 405 with what is allowed to a known path", async () => {
    const { app } = createTestIngest();
    const response = await app.request("/v1/ingest");
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST, OPTIONS");
    expect(await readProblem(response)).toMatchObject({ status: 405, title: "Method Not Allowed" });
    expect((await app.request("/ping", { method: "DELETE" })).headers.get("allow")).toBe(
      "GET, HEAD, OPTIONS",
    );
  });

  it("answers OPTIONS with what is allowed, and HEAD like GET without a body", async () => {
    const { app } = createTestIngest();
    const options = await app.request("/v1/ingest", { method: "OPTIONS" });
    expect([options.status, options.headers.get("allow")]).toEqual([204, "POST, OPTIONS"]);
    const head = await app.request("/ping", { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect((await app.request("/v1/ingest", { method: "HEAD" })).status).toBe(405);
  });

  it("answers 404 as a problem to an unknown path, whatever the method", async () => {
    const { app } = createTestIngest();
    for (const method of ["GET", "POST", "OPTIONS"]) {
      const response = await app.request("/v2/nothing", { method });
      expect(response.status).toBe(404);
      expect(await readProblem(response)).toMatchObject({ code: "not_found", error: "no such route" });
    }
  });
});
