import { createRoute, z } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import { expect, it } from "vitest";
import { createHttpApp } from "./http-app.ts";
import { createLogger } from "../process/logger.ts";
import { createRegistry } from "../process/metrics.ts";
import type { Problem } from "./problem.ts";

function createApp() {
  const logger = createLogger({ level: "silent", name: "test" });
  return createHttpApp({ logger, registry: createRegistry("test") });
}

it("answers a query that breaks its schema as a problem, without the copy of the detail that only ingest has", async () => {
  const app = createApp();
  const query = z.object({ limit: z.coerce.number().int().max(100) });
  const route = createRoute({
    method: "get",
    path: "/x",
    request: { query },
    responses: { 200: { description: "" } },
  });
  app.openapi(route, (c) => c.text("ok"));
  const response = await app.request("/x?limit=101");
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await response.json()).toEqual({
    type: "about:blank",
    title: "Bad Request",
    status: 400,
    code: "invalid_query",
    detail: expect.stringMatching(/^limit: /),
    requestId: response.headers.get("x-request-id"),
  });
  expect((await app.request("/x?limit=7")).status).toBe(200);
});

it("answers the framework's own refusals as problems too", async () => {
  const app = createApp();
  app.get("/:status", (c) => {
    throw new HTTPException(Number(c.req.param("status")) as 404, { message: "why" });
  });
  const codes = ["400", "404", "415", "500"].map(async (status) => {
    const response = await app.request(`/${status}`);
    const { code, detail } = (await response.json()) as Problem;
    return [response.status, code, detail === "why"];
  });
  expect(await Promise.all(codes)).toEqual([
    [400, "invalid_query", true],
    [404, "not_found", true],
    [400, "invalid_query", true],
    [500, "internal", false],
  ]);
});

it("puts the request id also on an answer that a handler made by itself", async () => {
  const app = createApp();
  app.get("/raw", () => Response.json({}));
  expect(
    (await app.request("/raw", { headers: { "x-request-id": "r-1" } })).headers.get("x-request-id"),
  ).toBe("r-1");
});
