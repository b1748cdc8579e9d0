import { asParsedBody, type BodyHistory, type ParsedBody } from "../conversation-cache/conversation-cache.ts";
import { AppError, isAppError } from "../errors.ts";
import { parseJson } from "../json/parse-json.ts";

/**
 * Parse a body that was JSON when it was accepted.
 * @throws AppError `invalid_envelope`, also when it breaks a bound that it was accepted without; the message quotes nothing of it.
 */
export function parseBody(body: string | Buffer): unknown {
  return orInvalid(() => parseJson(body));
}

/**
 * Parse a body that was JSON when it was accepted, knowing the messages of earlier ones. One that is there as text is parsed whole.
 * @throws AppError `invalid_envelope` as `parseBody`.
 */
export function parseKnownBody(body: string | Buffer, history: BodyHistory | undefined): ParsedBody {
  if (history === undefined || typeof body === "string") return asParsedBody(parseBody(body));
  return orInvalid(() => history.parse(body));
}

function orInvalid<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (isAppError(cause)) throw cause;
    throw new AppError("invalid_envelope", "invalid envelope: body is not JSON", { cause });
  }
}
