import { describe, expect, it } from "vitest";
import { useTimeline } from "./timeline-fixture.ts";

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}

const fixture = useTimeline();
const readDocument = async () =>
  (await (await fixture.app.request("/openapi.json")).json()) as {
    openapi: string;
    paths: Record<string, Record<string, Operation>>;
  };

describe("the served contract", () => {
  it("holds every route of the app", async () => {
    const { openapi, paths } = await readDocument();
    expect(openapi).toBe("3.1.0");
    const served = fixture.app.routes
      .filter(({ method, path }) => method !== "ALL" && !path.startsWith("/docs/"))
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.toSorted()).toEqual([...new Set(served)].sort());
  });

  it("says of every route with an id that it may be refused, unknown or unavailable, each as a problem", async () => {
    const { paths } = await readDocument();
    const withId = Object.entries(paths).filter(([path]) => path.startsWith("/v1/") && path.includes("{"));
    expect(withId.length).toBeGreaterThanOrEqual(5);
    for (const [path, { get }] of withId) {
      if (get === undefined) continue;
      expect([path, Object.keys(get.responses)]).toEqual([
        path,
        expect.arrayContaining(["200", "400", "404", "500", "503"]),
      ]);
      for (const status of ["400", "404", "500", "503"]) {
        expect(Object.keys(get.responses[status]?.content ?? {})).toEqual(["application/problem+json"]);
      }
    }
  });

  it("names the parameters of the timeline", async () => {
    const { paths } = await readDocument();
    const parameters = paths["/v1/sessions/{id}/timeline"]?.["get"]?.parameters ?? [];
    expect(parameters.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["id", "after", "limit", "org_id"]),
    );
  });
});
