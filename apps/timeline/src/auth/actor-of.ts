import type { HttpEnv } from "@turnpike/kit/http/http-env";
import type { Context } from "hono";

/** The header by which whoever acts says who they are. There are no keys yet: nobody checks it. */
const ACTOR_HEADER = "x-turnpike-actor";

const MAX_ACTOR_CHARS = 200;

/** Say in whose name a request acts, for the audit log. */
export function actorOf(c: Context<HttpEnv>): string {
  const named = (c.req.header(ACTOR_HEADER) ?? "").trim();
  return named === "" ? "unknown" : named.slice(0, MAX_ACTOR_CHARS);
}
