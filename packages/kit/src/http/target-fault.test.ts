import { array, assert, property, stringMatching } from "fast-check";
import { describe, expect, it } from "vitest";
import { authorityOfTarget, findTargetFault } from "./target-fault.ts";

describe("a request's target", () => {
  it.each([
    "/docs/../v1/audit",
    "/docs/./v1",
    "/docs/..",
    "/.",
    "/docs/%2e%2e/v1/audit",
    "/docs/%2E%2E/v1/audit",
    "/docs/.%2e/v1/audit",
    "/docs/..;/v1/audit",
    "/docs/..;a=b/v1/audit",
    "/docs/%2e%2e%3b/v1/audit",
    "/docs/..%2fv1/audit",
    "/docs%2F..%2Fv1/audit",
    "/docs/..%5cv1/audit",
    "/docs/..%5Cv1/audit",
    "/docs\\..\\v1/audit",
    "/v1%2faudit",
    "/v1/%61udit",
    "/v1/audi%74?limit=1",
    "/v1/dead%2Dletters",
    "http://localhost/docs/%2e%2e/v1/audit",
    "HTTPS://localhost/docs/../v1/audit",
    "/ping#x",
  ])("is refused: %s", (target) => {
    expect(findTargetFault(target)).toMatch(/^the (target|path) has /);
  });

  it.each([
    "/",
    "*",
    "/docs",
    "/docs/swagger-ui.css",
    "/v1/sessions/..a/x..",
    "/v1/sessions/...",
    "/v1/sessions?cursor=../%2e%2e%2f\\",
    "/docs/%252e%252e/v1/audit",
    "/v1/sessions/%C3%A9",
    "/v1/sessions/a%20b%3Fc",
    "http://localhost/ping",
    "http://../ping",
  ])("is left to the routes: %s", (target) => {
    expect(findTargetFault(target)).toBeUndefined();
  });

  it("that is let through means the same path to whoever resolves it as a URL", () => {
    const segment = stringMatching(/^(?:[a-z.;\\]|%2e|%2E|%2f|%5c|%61|%25|%C3%A9){0,8}$/);
    assert(
      property(array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
        const path = `/${segments.join("/")}`;
        if (findTargetFault(path) !== undefined) return;
        expect(new URL(`http://localhost${path}`).pathname).toBe(path);
        expect(path.split("/").map(decodeURIComponent).join("/").split("/")).toHaveLength(
          path.split("/").length,
        );
      }),
    );
  });

  it("in absolute form names the authority that it is for", () => {
    expect(authorityOfTarget("http://evil.example:80/ping")).toBe("evil.example:80");
    expect(authorityOfTarget("http://localhost@evil.example?x")).toBe("localhost@evil.example");
    expect(authorityOfTarget("/http://evil.example/")).toBeUndefined();
  });
});
