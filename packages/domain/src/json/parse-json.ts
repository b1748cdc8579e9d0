import { decodeUtf8 } from "./decode-utf8.ts";
import { AppError } from "../errors.ts";
import { scanJson } from "./scan-json.ts";

/**
 * Parse what a client sent, JSON text or the UTF-8 of it. It is looked over first: nothing else may parse a client's JSON.
 * @throws AppError `invalid_envelope` when it breaks a bound, naming it; SyntaxError when it is not JSON.
 */
export function parseJson(json: string | Buffer): unknown {
  const { excess } = scanJson(json);
  if (excess !== undefined) throw exceeds(excess);
  return JSON.parse(typeof json === "string" ? json : decodeUtf8(json));
}

/** Make the error that refuses a body for a bound that `scanJson` found broken. */
export function exceeds(excess: string): AppError {
  return new AppError("invalid_envelope", `invalid envelope: body: ${excess}`);
}
