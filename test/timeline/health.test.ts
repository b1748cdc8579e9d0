import { afterEach, describe, expect, it } from "vitest";
import { ask, createTestTimeline, useTimeline } from "./timeline-fixture.ts";

const fixture = useTimeline();
const closes: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closes.splice(0)) await close();
});

describe("health", () => {
  it.each(["/ping", "/healthz", "/readyz"])("answers %s with ok", async (path) => {
    const { status, body } = await fixture.get(path);
    expect([status, body]).toEqual([200, { status: "ok" }]);
  });

  it("is alive but not ready once a stop has begun", async () => {
    const stopping = createTestTimeline({ url: fixture.url, isStopping: () => true });
    closes.push(() => stopping.close());
    const { app } = stopping;
    expect((await ask(app, "/healthz")).status).toBe(200);
    const { status, body } = await ask(app, "/readyz");
    expect(status).toBe(503);
    expect(body).toMatchObject({ detail: "not ready: shutting down" });
  });

  it("measures requests by route, never by id", async () => {
    const id = "3f1c9d52-7a44-4c0e-9b1e-5d7a0f4e2c11";
    await fixture.get(`/v1/sessions/${id}`);
    const response = await fixture.app.request("/metrics");
    const text = await response.text();
    expect(response.headers.get("content-type")).toContain("text/plain");
    expect(text).toContain("/v1/sessions/:id");
    expect(text).not.toContain(id);
  });

  it("gives every answer a request id, the client's own when it is a fit one", async () => {
    for (const path of ["/v1/sessions", "/v1/sessions/x", "/nothing", "/healthz"]) {
      const answer = await fixture.app.request(path, { headers: { "x-request-id": "mine-1" } });
      expect([path, answer.headers.get("x-request-id")]).toEqual([path, "mine-1"]);
    }
    const other = await fixture.app.request("/v1/sessions", { headers: { "x-request-id": "x".repeat(200) } });
    expect(other.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });
});
