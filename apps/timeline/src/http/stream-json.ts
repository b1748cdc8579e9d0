import type { HttpEnv } from "@turnpike/kit/http/http-env";
import type { Context, TypedResponse } from "hono";
import type { Piece } from "../turns/node-pieces.ts";

/** To the types of a route it is any JSON: that it is the right one is said by whoever writes the pieces. */
type StreamedJson = Response & TypedResponse<never, 200, "json">;

/** Small pieces travel together. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Answer with JSON that is written as the client takes it: one piece is held at a time. When it cannot be written to its end the
 * connection breaks off, so that nobody takes what is there for all.
 */
export function streamJson(c: Context<HttpEnv>, pieces: AsyncGenerator<Piece>): StreamedJson {
  const answer: Response = c.body(ReadableStream.from(inChunks(pieces)), 200, {
    "content-type": "application/json",
  });
  return answer as StreamedJson;
}

async function* inChunks(pieces: AsyncGenerator<Piece>): AsyncGenerator<Uint8Array> {
  let pending: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    const chunk = typeof piece === "string" ? Buffer.from(piece) : piece;
    pending.push(chunk);
    bytes += chunk.byteLength;
    if (bytes < CHUNK_BYTES) continue;
    yield Buffer.concat(pending);
    pending = [];
    bytes = 0;
  }
  yield Buffer.concat(pending);
}
