import { describe, expect, it } from "vitest";
import { createTestIngest, readProblem } from "./ingest-fixture.ts";

describe("health", () => {
  it.each(["/ping", "/healthz", "/readyz"])("answers %s with ok", async (path) => {
    const response = await createTestIngest().app.request(path);
    expect([response.status, await response.json()]).toEqual([200, { status: "ok" }]);
  });

  it("is alive but not ready without its queue, and says what is missing", async () => {
    const { app, queue } = createTestIngest();
    queue.isAway = true;
    expect((await app.request("/healthz")).status).toBe(200);
    const response = await app.request("/readyz");
    expect(response.status).toBe(503);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(response.headers.get("retry-after")).toBe("5");
    expect(await readProblem(response)).toMatchObject({
      code: "queue_unavailable",
      detail: "not ready: queue",
    });
  });

  it("is not ready once a stop has begun", async () => {
    const ingest = createTestIngest();
    ingest.isStopping = true;
    const response = await ingest.app.request("/readyz");
    expect(response.status).toBe(503);
    expect((await readProblem(response)).detail).toBe("not ready: shutting down");
  });
});
