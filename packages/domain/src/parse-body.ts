import { AppError } from "./errors.ts";

/**
 * Parse a body that was JSON when it was accepted.
 * @throws AppError `invalid_envelope`; the message quotes nothing of it.
 */
export function parseBody(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new AppError("invalid_envelope", "invalid envelope: body is not JSON", { cause });
  }
}
