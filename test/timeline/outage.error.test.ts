/** The store is away, hangs, or loses its connections: readers are told to come back, and nothing of what is inside. */
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { prepare } from "../support/prepare.ts";
import { useStore } from "../support/store-fixture.ts";
import { createTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { turnBody } from "../support/turn-body.ts";
import { waitUntil } from "../support/wait-until.ts";
import { ask, createTestTimeline, problem } from "./timeline-fixture.ts";

const fixture = useStore();
const org = randomUUID();
let proxy: TcpProxy;
let timeline: ReturnType<typeof createTestTimeline>;

beforeEach(async () => {
  proxy = await createTcpProxy(fixture.url);
  timeline = createTestTimeline({ url: proxy.url });
});

afterEach(async () => {
  await proxy.close();
  await timeline.close();
});

const id = randomUUID();
const paths = [
  "/v1/sessions",
  `/v1/sessions/${id}`,
  `/v1/sessions/${id}/timeline`,
  `/v1/sessions/${id}/turns`,
  `/v1/sessions/${id}/turns/${id}`,
  `/v1/receipts/${id}`,
];

async function expectUnavailable(path: string): Promise<void> {
  const { status, headers, body } = await ask(timeline.app, path, org);
  expect([path, status]).toEqual([path, 503]);
  expect(headers.get("content-type")).toBe("application/problem+json");
  expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  expect(body).toEqual({
    ...problem(503, "store_unavailable"),
    title: "Service Unavailable",
    detail: "The store is unreachable. Try again later.",
    requestId: headers.get("x-request-id"),
  });
}

describe("without its store", () => {
  it("every route answers 503 with Retry-After, and works again when the store is back", async () => {
    await proxy.stop();
    for (const path of paths) await expectUnavailable(path);
    await proxy.resume();
    await waitUntil(async () => (await ask(timeline.app, "/v1/sessions", org)).status === 200, {
      what: "sessions are listed again",
    });
  });

  it("a route whose connection is lost in the middle answers 503, and the next request is served", async () => {
    await fixture.store.ingestTurns([prepare(turnBody({ org }))]);
    expect((await ask(timeline.app, "/v1/sessions", org)).status).toBe(200);
    proxy.hang();
    const asked = ask(timeline.app, "/v1/sessions", org);
    await waitUntil(() => proxy.swallowed() > 0, { what: "the query is on its way" });
    await proxy.resume();
    expect((await asked).body).toMatchObject(problem(503, "store_unavailable"));
    await waitUntil(async () => (await ask(timeline.app, "/v1/sessions", org)).status === 200, {
      what: "sessions are listed again",
    });
  });

  it("one that hangs from the start is given up", async () => {
    proxy.hang();
    await expectUnavailable("/v1/sessions");
  });

  it("the app is alive, but not ready", async () => {
    await proxy.stop();
    expect((await ask(timeline.app, "/healthz")).status).toBe(200);
    const { status, body } = await ask(timeline.app, "/readyz");
    expect(status).toBe(503);
    expect(body).toMatchObject({ code: "store_unavailable", detail: "not ready: store" });
  });
});
