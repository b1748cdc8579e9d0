import { describe, expect, it } from "vitest";
import { createTestIngest, post } from "./ingest-fixture.ts";

interface Operation {
  requestBody?: {
    content: Record<string, { example: unknown; schema: { type: string; properties: object } }>;
  };
  responses: Record<string, { content: Record<string, unknown> }>;
}

const { app } = createTestIngest();
const readDocument = async () =>
  (await (await app.request("/openapi.json")).json()) as {
    openapi: string;
    paths: Record<string, Record<string, Operation>>;
  };

describe("the served contract", () => {
  it("holds every route of the app", async () => {
    const { openapi, paths } = await readDocument();
    expect(openapi).toBe("3.1.0");
    const served = app.routes.filter(({ method, path }) => method !== "ALL" && !path.startsWith("/docs/"));
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.toSorted()).toEqual(served.map(({ method, path }) => `${method} ${path}`).toSorted());
  });

  it("names every status of a turn, with a problem for each that is not 202", async () => {
    const { paths } = await readDocument();
    const responses = paths["/v1/ingest"]?.["post"]?.responses ?? {};
    expect(Object.keys(responses)).toEqual(["202", "400", "413", "422", "500", "503"]);
    for (const [status, response] of Object.entries(responses)) {
      expect(Object.keys(response.content)).toEqual([
        status === "202" ? "application/json" : "application/problem+json",
      ]);
    }
  });

  it.each(["/v1/ingest", "/v1/ingest/batch"])(
    "describes the body of %s with an example that works",
    async (path) => {
      const { paths } = await readDocument();
      const body = paths[path]?.["post"]?.requestBody?.content["application/json"];
      expect(body?.schema).toMatchObject({ type: "object" });
      const response = await post(app, path, body?.example);
      expect(response.status).toBe(202);
      expect(JSON.stringify(await response.json())).toMatch(/"status":"accepted"|"accepted":1,"rejected":0/);
    },
  );
});

describe("the page of it", () => {
  it("is where the root leads to, below a prefix too", async () => {
    const root = await app.request("/");
    expect([root.status, root.headers.get("location")]).toEqual([302, "docs"]);
  });

  it("loads everything from here, and forbids anything else", async () => {
    const page = await app.request("/docs");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'self'");
    const html = await page.text();
    expect(html).not.toMatch(/https?:\/\//);
    const references = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? "");
    expect(references).toHaveLength(4);
    for (const reference of references) {
      const response = await app.request(new URL(reference, "http://turnpike/docs").pathname);
      expect([reference, response.status]).toEqual([reference, 200]);
    }
  });

  it("serves nothing else of the package, whatever the path", async () => {
    for (const path of ["/docs/package.json", "/docs/..%2fpackage.json", "/docs/swagger-ui.js"]) {
      expect((await app.request(path)).status).toBe(404);
    }
  });
});
