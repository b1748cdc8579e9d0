/** What a page that was led here, and a proxy that reads paths otherwise, get on a real socket. */
import { loadConfig } from "@turnpike/kit/process/load-config";
import { createLogger } from "@turnpike/kit/process/logger";
import { createRegistry } from "@turnpike/kit/process/metrics";
import { createWorkerApp } from "@turnpike/worker/app";
import { WorkerConfig } from "@turnpike/worker/config";
import { describe, expect, it } from "vitest";
import { createTestIngest, serveForTests, turn } from "./ingest-fixture.ts";
import { openConnection } from "./raw-connection.ts";

const ingest = createTestIngest();
const { url } = await serveForTests(ingest.app);
const named = await serveForTests(ingest.app, { allowedHosts: ["turnpike.example"] });
const open = await serveForTests(ingest.app, { host: "0.0.0.0" });
const openAndNamed = await serveForTests(ingest.app, { host: "0.0.0.0", allowedHosts: ["turnpike.example"] });

async function ask(server: string, lines: readonly string[], body = "") {
  const connection = await openConnection(server);
  const length = body === "" ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  await connection.write(`${[...lines, ...length, "", ""].join("\r\n")}${body}`);
  const answer = await connection.answer();
  connection.destroy();
  return answer;
}

const get = (server: string, host: string, target = "/ping") =>
  ask(server, [`GET ${target} HTTP/1.1`, `Host: ${host}`]);

const post = (host: string, ...headers: string[]) =>
  ask(
    url,
    ["POST /v1/ingest HTTP/1.1", `Host: ${host}`, "Content-Type: application/json", ...headers],
    JSON.stringify(turn),
  );

describe("on a loopback address", () => {
  it.each(["localhost", "LocalHost:1", "127.0.0.1:8787", "[::1]", "localhost."])(
    "%s is answered",
    async (host) => {
      expect((await get(url, host)).status).toBe(200);
    },
  );

  it.each(["evil.example", "evil.example:80", "localhost.evil.example", "x"])(
    "%s is refused on every route, and told why",
    async (host) => {
      for (const target of ["/ping", "/readyz", "/metrics", "/docs", "/openapi.json", "/none"]) {
        const { status, body } = await get(url, host, target);
        expect([target, status]).toEqual([target, 421]);
        expect(JSON.parse(body)).toMatchObject({
          code: "host_not_allowed",
          detail: expect.stringContaining("ALLOWED_HOSTS"),
        });
        expect(body).not.toContain(host.slice(0, 4) === "evil" ? "evil" : `"${host}"`);
      }
    },
  );

  it("a refused post is not taken, and is seen in the log", async () => {
    expect((await post("evil.example")).status).toBe(421);
    expect(ingest.queue.calls).toEqual([]);
    expect(ingest.logged().findLast((event) => event["event"] === "http_request")).toMatchObject({
      status: 421,
      code: "host_not_allowed",
    });
  });

  it.each([
    ["userinfo before a known name", ["GET /ping HTTP/1.1", "Host: evil.example@localhost"], [400, 421]],
    ["userinfo that is a known name", ["GET /ping HTTP/1.1", "Host: localhost@evil.example"], [400, 421]],
    ["two Host headers", ["GET /ping HTTP/1.1", "Host: localhost", "Host: evil.example"], [400]],
    ["the same Host twice", ["GET /ping HTTP/1.1", "Host: localhost", "hOST: localhost"], [400]],
    ["no Host", ["GET /ping HTTP/1.1"], [400]],
    ["no Host, of HTTP/1.0", ["GET /ping HTTP/1.0"], [400]],
    ["an empty Host", ["GET /ping HTTP/1.1", "Host:"], [400]],
    ["another host in the target", ["GET http://evil.example/ping HTTP/1.1", "Host: localhost"], [421]],
    ["another host beside the target's", ["GET http://localhost/ping HTTP/1.1", "Host: evil.example"], [421]],
  ] as const)("%s is refused", async (_what, lines, statuses) => {
    expect(statuses).toContain((await ask(url, lines)).status);
  });

  it("a target in absolute form with a known host is answered", async () => {
    expect((await ask(url, ["GET http://localhost/ping HTTP/1.1", "Host: localhost"])).status).toBe(200);
    expect((await ask(url, ["GET /ping HTTP/1.0", "Host: localhost"])).status).toBe(200);
  });

  it("names that were given are answered too", async () => {
    expect((await get(named.url, "turnpike.example")).status).toBe(200);
    expect((await get(named.url, "localhost")).status).toBe(200);
    expect((await get(named.url, "other.example")).status).toBe(421);
  });

  it("a worker's health and metrics are no exception", async () => {
    const app = createWorkerApp({
      logger: createLogger({ level: "silent", name: "test" }),
      registry: createRegistry("worker"),
      pings: { queue: async () => {}, store: async () => {} },
      isStopping: () => false,
    });
    const worker = await serveForTests(app);
    for (const target of ["/healthz", "/readyz", "/metrics"]) {
      expect((await get(worker.url, "evil.example", target)).status).toBe(421);
      expect((await get(worker.url, "localhost", target)).status).toBe(200);
    }
  });
});

describe("where others may connect", () => {
  it("any host is answered while none is named", async () => {
    expect((await get(open.url, "any.example")).status).toBe(200);
  });

  it("those that are named, this machine's and the address itself are", async () => {
    for (const host of ["turnpike.example:443", "localhost", "127.0.0.1"])
      expect((await get(openAndNamed.url, host)).status).toBe(200);
    expect((await get(openAndNamed.url, "any.example")).status).toBe(421);
  });

  it("the names are read from ALLOWED_HOSTS", () => {
    const read = (names: string) =>
      loadConfig(WorkerConfig, { DATABASE_URL: "postgres://a/b", ALLOWED_HOSTS: names }).ALLOWED_HOSTS;
    expect(read(" A.example,b.example ,")).toEqual(["a.example", "b.example"]);
    for (const wrong of ["https://a.example", "a.example:443", "a.example/x", "*"])
      expect(() => read(wrong)).toThrow("ALLOWED_HOSTS");
  });
});

describe("a page of another origin", () => {
  it.each([
    "http://evil.example",
    "null",
    "http://localhost:3000",
    "https://localhost",
    "file://",
    "localhost",
  ])("%s may not post", async (origin) => {
    const taken = ingest.queue.calls.length;
    const { status, body } = await post("localhost:8787", `Origin: ${origin}`);
    expect(status).toBe(403);
    expect(JSON.parse(body)).toMatchObject({ code: "origin_not_allowed" });
    expect(ingest.queue.calls).toHaveLength(taken);
  });

  it("is refused for every method that changes something, known or not", async () => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"]) {
      const { status } = await ask(url, [
        `${method} /ping HTTP/1.1`,
        "Host: localhost",
        "Origin: http://a.example",
      ]);
      expect([method, status]).toEqual([method, 403]);
    }
  });

  it("may come with two origins, and is refused", async () => {
    const { status } = await post("localhost", "Origin: http://localhost", "Origin: http://evil.example");
    expect(status).toBe(403);
  });

  it("is told apart from a page of this one, and from what is no page", async () => {
    expect((await post("localhost:8787", "Origin: http://localhost:8787")).status).toBe(202);
    expect((await post("LOCALHOST:80", "Origin: http://localhost")).status).toBe(202);
    expect((await post("localhost", "Origin: https://localhost")).status).toBe(202);
    expect((await post("localhost:8787")).status).toBe(202);
  });

  it("may ask, and is told nothing that lets it read the answer", async () => {
    const { status, head } = await ask(url, [
      "GET /ping HTTP/1.1",
      "Host: localhost",
      "Origin: http://a.example",
    ]);
    expect(status).toBe(200);
    expect(head).not.toMatch(/access-control/i);
  });
});

describe("a path that a proxy may read otherwise", () => {
  it.each([
    "/docs/%2e%2e/metrics",
    "/docs/../metrics",
    "/docs/..;/metrics",
    "/docs/%2E%2e/metrics",
    "/docs%2f..%2fmetrics",
    "/docs/..%5cmetrics",
    "/docs\\..\\metrics",
    "/metric%73",
    "http://localhost/docs/%2e%2e/metrics",
  ])("is refused before it is routed: %s", async (target) => {
    expect((await get(url, "localhost", target)).status).toBe(400);
  });

  it("is a literal when it is encoded twice", async () => {
    expect((await get(url, "localhost", "/docs/%252e%252e/metrics")).status).toBe(404);
    expect((await get(url, "localhost", "//metrics")).status).toBe(404);
  });
});

describe("a transfer coding", () => {
  it("other than chunked is refused, not read as what it is not", async () => {
    const lines = ["POST /v1/ingest HTTP/1.1", "Host: localhost", "Content-Type: application/json"];
    const answer = await ask(url, [...lines, "Transfer-Encoding: gzip, chunked", "", "0"]);
    expect(answer.status).toBe(400);
    expect(answer.body).toContain("Transfer-Encoding");
  });
});

describe("every answer", () => {
  it.each([
    ["a route's", "/ping", 200],
    ["an unknown route's", "/none", 404],
    ["a refusal's", "/v1%2f", 400],
  ])("says that it is what it says and is not to be kept: %s", async (_what, target, status) => {
    const answer = await get(url, "localhost", target);
    expect(answer.status).toBe(status);
    expect(answer.head).toMatch(/^x-content-type-options: nosniff\r?$/im);
    expect(answer.head).toMatch(/^cache-control: no-store\r?$/im);
  });

  it("does so also where the request is no HTTP, or has no host", async () => {
    for (const lines of [["NONSENSE"], ["GET /ping HTTP/1.0"]]) {
      const { status, head } = await ask(url, lines);
      expect(status).toBe(400);
      expect(head).toMatch(/nosniff/);
      expect(head).toMatch(/no-store/);
    }
  });

  it("with an org's content says on what it hangs", async () => {
    expect((await post("localhost")).head).toMatch(/^vary: Accept, Origin, X-Turnpike-Org-Id\r?$/im);
  });

  it("but the page's own files may be kept", async () => {
    expect((await get(url, "localhost", "/docs/swagger-ui.css")).head).toMatch(
      /^cache-control: max-age=3600\r?$/im,
    );
    for (const target of ["/docs", "/docs/start.js", "/openapi.json"])
      expect((await get(url, "localhost", target)).head).toMatch(/^cache-control: no-cache\r?$/im);
  });
});
