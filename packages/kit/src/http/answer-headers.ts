import type { MiddlewareHandler } from "hono";
import type { HttpEnv } from "./http-env.ts";

/** What every answer carries, unless its route says otherwise: it is what it says it is, and nobody keeps it. */
export const answerHeaders: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff",
  "Cache-Control": "no-store",
};

const CONTENT = /^\/(?:v1|api)\//;
const VARY = "Accept, Origin, X-Turnpike-Org-Id";

/** Put the headers of every answer on each, and `Vary` on those with an org's content. */
export const addAnswerHeaders: MiddlewareHandler<HttpEnv> = async (c, next) => {
  const headers = Object.entries(CONTENT.test(c.req.path) ? { ...answerHeaders, Vary: VARY } : answerHeaders);
  for (const [name, value] of headers) c.header(name, value);
  await next();
  for (const [name, value] of headers) if (!c.res.headers.has(name)) c.header(name, value);
};
