import type { BodyHistory } from "./body-history.ts";
import { textOfBody } from "./decode-utf8.ts";
import { AppError } from "./errors.ts";

/**
 * Parse a body that was JSON when it was accepted. With a history, what comes out must not be changed.
 * @throws AppError `invalid_envelope`; the message quotes nothing of it.
 */
export function parseBody(body: string | Buffer, history?: BodyHistory): unknown {
  try {
    if (history !== undefined && typeof body !== "string") return history.parse(body);
    return JSON.parse(textOfBody(body));
  } catch (cause) {
    throw new AppError("invalid_envelope", "invalid envelope: body is not JSON", { cause });
  }
}
