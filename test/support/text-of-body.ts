import { decodeUtf8 } from "@turnpike/domain/decode-utf8";
import type { AcceptedBody } from "@turnpike/domain/ports";

/** The text of a body, however it has come. */
export function textOfBody(body: string | Buffer): string {
  return typeof body === "string" ? body : decodeUtf8(body);
}

/** The same with its body as text. */
export function withText<T extends AcceptedBody>(accepted: T): T & { readonly body: string } {
  return { ...accepted, body: textOfBody(accepted.body) };
}
