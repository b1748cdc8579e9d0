import { randomUUID } from "node:crypto";

/** The header that carries a request's id, both ways. */
export const REQUEST_ID_HEADER = "X-Request-Id";

const CLIENT_ID = /^[\x20-\x7e]{1,128}$/;

/** Choose a request's id: the client's own when it is 1 to 128 printable ASCII characters, else a new UUID. */
export function chooseRequestId(fromClient: string | undefined): string {
  return fromClient !== undefined && CLIENT_ID.test(fromClient) ? fromClient : randomUUID();
}
