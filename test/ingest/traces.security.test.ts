import { describe, expect, it } from "vitest";
import { createTestIngest, post, readProblem, serveForTests, turn, UUID } from "./ingest-fixture.ts";
import { openConnection } from "./raw-connection.ts";

describe("X-Request-Id", () => {
  it.each(["a", "01 ~!", "x".repeat(128)])(
    "is the client's own when it is printable ASCII: %s",
    async (id) => {
      const { app } = createTestIngest();
      const response = await post(app, "/v1/ingest", turn, { "x-request-id": id });
      expect(response.headers.get("x-request-id")).toBe(id);
    },
  );

  it.each(["", "x".repeat(129), "na\u00efve", "tab\there"])("is a new UUID otherwise: %j", async (id) => {
    const { app } = createTestIngest();
    const response = await post(app, "/v1/ingest", turn, { "x-request-id": id });
    expect(response.headers.get("x-request-id")).toMatch(UUID);
  });

  it("is on every answer, and in every problem", async () => {
    const { app, queue } = createTestIngest();
    queue.isAway = true;
    for (const path of ["/ping", "/metrics", "/openapi.json", "/docs", "/docs/start.js"]) {
      const response = await app.request(path);
      expect([response.status, response.headers.get("x-request-id")]).toEqual([
        200,
        expect.stringMatching(UUID),
      ]);
    }
    const refused = ["/readyz", "/none", "/v1/ingest"].map((path) => async () => app.request(path));
    for (const request of [...refused, async () => post(app, "/v1/ingest", turn)]) {
      const response = await request();
      expect(response.headers.get("x-request-id")).toMatch(UUID);
      expect((await readProblem(response)).requestId).toBe(response.headers.get("x-request-id"));
    }
  });

  it("is also on what never reaches a route because it is no valid HTTP", async () => {
    const { url } = await serveForTests(createTestIngest().app);
    for (const request of ["NONSENSE\r\n\r\n", "GET /ping HTTP/1.1\r\nHost: a b\r\n\r\n"]) {
      const connection = await openConnection(url);
      await connection.write(request);
      const { status, head, body } = await connection.answer();
      expect(status).toBe(400);
      expect(head).toMatch(/x-request-id: [0-9a-f-]{36}/i);
      expect(JSON.parse(body)).toMatchObject({ status: 400 });
    }
  });
});

describe("what is written down", () => {
  it("is one event per request, with its route, and nothing of body, subject or query", async () => {
    const { app, logged } = createTestIngest();
    const secret = { ...turn, session: { ...turn.session, auth_subject: "ada@example.com" } };
    await post(app, "/v1/ingest?key=hunter2", secret, {
      "x-request-id": "r-9",
      authorization: "Bearer hunter2",
    });
    await post(app, "/v1/ingest", { ...secret, provider: "hunter2" });
    await app.request("/hunter2");
    expect(logged()).toMatchObject([
      {
        event: "http_request",
        method: "POST",
        route: "/v1/ingest",
        status: 202,
        requestId: "r-9",
        level: "info",
      },
      { route: "/v1/ingest", status: 422, code: "unsupported_provider" },
      { route: "unmatched", status: 404 },
    ]);
    expect(logged()[0]).toMatchObject({
      durationMs: expect.any(Number),
      receivedBytes: JSON.stringify(secret).length,
    });
    expect(JSON.stringify(logged())).not.toMatch(/ada@example|hunter2|"one"|"two"/);
  });

  it("is also counted, by route and not by path", async () => {
    const { app } = createTestIngest();
    await post(app, "/v1/ingest", turn);
    await post(app, "/v1/ingest/batch", { turns: [turn, {}, turn] });
    await app.request("/some/path");
    const text = await (await app.request("/metrics")).text();
    const seconds = "turnpike_http_request_duration_seconds_count";
    expect(text.split("\n")).toEqual(
      expect.arrayContaining([
        'turnpike_turns_accepted_total{app="ingest"} 3',
        'turnpike_turns_rejected_total{code="unsupported_provider",app="ingest"} 1',
        `${seconds}{app="ingest",method="POST",route="/v1/ingest",status="202"} 1`,
        `${seconds}{app="ingest",method="any",route="unmatched",status="404"} 1`,
      ]),
    );
    expect(text).not.toContain("/some/path");
  });
});
