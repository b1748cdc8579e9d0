import { AppError } from "@turnpike/domain/errors";

// RFC 9110 token characters around one slash; parameters (charset, …) do not matter.
const JSON_MEDIA_TYPE = /^(?:application\/json|text\/json|[\w!#$&^.+-]+\/[\w!#$&^.+-]+\+json)$/i;

/**
 * Ask that a body is declared as JSON: `application/json`, `text/json` or any `+json` type, with any parameters.
 * @throws AppError `invalid_envelope`, also when nothing is declared.
 */
export function requireJsonContentType(contentType: string | undefined): void {
  const mediaType = contentType?.split(";", 1)[0]?.trim() ?? "";
  if (JSON_MEDIA_TYPE.test(mediaType)) return;
  throw new AppError(
    "invalid_envelope",
    "invalid envelope: Content-Type must be application/json, text/json or a +json type",
  );
}
