import { decodeUtf8 } from "@turnpike/domain/json/decode-utf8";
import { AppError } from "@turnpike/domain/errors";
import { scanJson } from "@turnpike/domain/json/scan-json";
import type { HttpEnv } from "@turnpike/kit/http/http-env";
import { requireJsonContentType } from "@turnpike/kit/http/json-content-type";
import { readBody } from "@turnpike/kit/body/read-body";
import type { Context } from "hono";

// Bodies here hold a name or two.
const MAX_BODY_BYTES = 64 * 1024;

/**
 * Read a request's body as JSON.
 * @throws AppError `payload_too_large` beyond 64 KiB, `invalid_envelope` when it is not declared as JSON or cut short,
 *   `invalid_query` when it does not parse or breaks a bound.
 */
export async function readJson(c: Context<HttpEnv>): Promise<unknown> {
  const bytes = await readBody(c, { receivedBytes: MAX_BODY_BYTES, decodedBytes: MAX_BODY_BYTES });
  requireJsonContentType(c.req.header("content-type"));
  const { excess } = scanJson(bytes);
  if (excess !== undefined) throw new AppError("invalid_query", `body: ${excess}`);
  try {
    return JSON.parse(decodeUtf8(bytes));
  } catch {
    throw new AppError("invalid_query", "body: not valid JSON");
  }
}
