import { isAscii } from "node:buffer";

/** Decode UTF-8; a malformed byte becomes U+FFFD, and a byte order mark is no part of the text. */
export function decodeUtf8(bytes: Buffer): string {
  // Much cheaper than decoding, and true of most bodies.
  return isAscii(bytes) ? bytes.toString("latin1") : new TextDecoder().decode(bytes);
}

/** The text of a body that is there as text or as the UTF-8 of it. */
export function textOfBody(body: string | Buffer): string {
  return typeof body === "string" ? body : decodeUtf8(body);
}
