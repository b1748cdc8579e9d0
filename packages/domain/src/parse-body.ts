import { asParsedBody, type BodyHistory, type ParsedBody } from "./body-history.ts";
import { textOfBody } from "./decode-utf8.ts";
import { AppError } from "./errors.ts";

/**
 * Parse a body that was JSON when it was accepted.
 * @throws AppError `invalid_envelope`; the message quotes nothing of it.
 */
export function parseBody(body: string | Buffer): unknown {
  return orInvalid(() => JSON.parse(textOfBody(body)) as unknown);
}

/**
 * Parse a body that was JSON when it was accepted, knowing the messages of earlier ones. One that is there as text is parsed whole.
 * @throws AppError `invalid_envelope`; the message quotes nothing of it.
 */
export function parseKnownBody(body: string | Buffer, history: BodyHistory | undefined): ParsedBody {
  if (history === undefined || typeof body === "string") return asParsedBody(parseBody(body));
  return orInvalid(() => history.parse(body));
}

function orInvalid<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new AppError("invalid_envelope", "invalid envelope: body is not JSON", { cause });
  }
}
