import type { HttpApp } from "./http-env.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;

/**
 * Find the methods that a path answers, for `Allow`; empty when the path is unknown. HEAD comes with GET, and OPTIONS
 * with anything.
 */
export function findAllowedMethods(app: HttpApp, path: string): string[] {
  const allowed = METHODS.filter((method) => {
    const [matches] = app.router.match(method === "HEAD" ? "GET" : method, path);
    return matches.some(([[, route]]) => route.method !== "ALL");
  });
  return allowed.length === 0 ? [] : [...allowed, "OPTIONS"];
}
