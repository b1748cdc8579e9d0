import { AppError } from "@turnpike/domain/errors";
import type { HttpEnv } from "@turnpike/kit/http-env";
import { requireJsonContentType } from "@turnpike/kit/json-content-type";
import { type BodyLimits, readBody } from "@turnpike/kit/read-body";
import type { Context } from "hono";

/** A request's body, both ways, so that nobody parses or serialises it again. */
export interface JsonBody {
  readonly text: string;
  readonly parsed: unknown;
}

/**
 * Read a request's body as JSON. Its size is decided first, then its Content-Type, then whether it parses.
 * @throws AppError `payload_too_large`, then `invalid_envelope`.
 */
export async function readJsonBody(c: Context<HttpEnv>, limits: BodyLimits): Promise<JsonBody> {
  const text = await readBody(c, limits);
  requireJsonContentType(c.req.header("content-type"));
  return { text, parsed: parseJson(text) };
}

// The parser's own message quotes the body.
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new AppError("invalid_envelope", "invalid envelope: body: not valid JSON");
  }
}
