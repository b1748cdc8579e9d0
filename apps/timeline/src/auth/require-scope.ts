import type { HttpEnv } from "@turnpike/kit/http/http-env";
import type { Context } from "hono";

/** What a request may be allowed beyond reading. */
export type Scope = "admin";

/**
 * Decide whether a request may do what a scope is needed for: the one place where that happens. There are no keys yet, and
 * open mode grants every scope.
 */
export function requireScope(_c: Context<HttpEnv>, _scope: Scope): void {}
