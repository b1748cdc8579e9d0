import { textOfBody } from "@turnpike/domain/json/decode-utf8";
import type { AcceptedBody } from "@turnpike/domain/ports/ports";

/** The same accepted body, as text however it has come. */
export function withText<T extends AcceptedBody>(accepted: T): T & { readonly body: string } {
  return { ...accepted, body: textOfBody(accepted.body) };
}
