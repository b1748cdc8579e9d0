/**
 * Reading a request's body within bounds. What must stay true: no more than the limits is ever held, a refusal does not
 * wait for the rest of the body, and whatever a client sends is its own failure, never ours.
 */
import { AppError, isAppError } from "@turnpike/domain/errors";
import type { Context } from "hono";
import { createByteCollector } from "./collect-bytes.ts";
import { type ContentDecoder, findContentDecoders } from "./content-decoders.ts";
import type { HttpEnv } from "./http-env.ts";
import { readChunks, receiveChunks } from "./receive-chunks.ts";

/** How large a body may be. */
export interface BodyLimits {
  /** Bytes over the wire. */
  readonly receivedBytes: number;
  /** Bytes after Content-Encoding is undone; also the bound of each step when codings are stacked. */
  readonly decodedBytes: number;
}

/** Follows what a body takes in memory while it is read. */
export interface BodyHold {
  /**
   * So many bytes more are held.
   * @throws AppError that refuses the body.
   */
  grow(bytes: number): void;
}

/** Shown each piece of a body, decoded, before it is held; what it throws refuses the body. */
export type InspectChunk = (chunk: Uint8Array) => void;

const nobodyCounts: BodyHold = { grow: () => {} };

/**
 * Read a request's body, undoing its Content-Encoding. The rest of a refused body is left to the server, which drains it for a
 * moment and then closes.
 * @throws AppError `payload_too_large`: by Content-Length before anything else, by counting otherwise.
 * @throws what `hold` and `inspect` throw.
 * @throws AppError `invalid_envelope` when an encoding is unknown, an encoded body is corrupt or cut short, or the
 *   client went away.
 */
export async function readBody(
  c: Context<HttpEnv>,
  limits: BodyLimits,
  hold: BodyHold = nobodyCounts,
  inspect?: InspectChunk,
): Promise<Buffer> {
  const declaredBytes = Number(c.req.header("content-length") ?? Number.NaN);
  if (declaredBytes > limits.receivedBytes) throw tooLarge("received", limits.receivedBytes);
  const decoders = findContentDecoders(c.req.header("content-encoding"));
  const isPlain = decoders.length === 0;
  const collector = createByteCollector(
    isPlain && declaredBytes > 0 ? Math.min(declaredBytes, limits.decodedBytes) : limits.decodedBytes,
  );
  const take = (chunk: Uint8Array): void => {
    inspect?.(chunk);
    hold.grow(chunk.byteLength);
    collector.add(chunk);
  };
  try {
    await (isPlain ? readPlain(c, limits, take) : readEncoded(c, limits, decoders, take));
    return collector.bytes();
  } catch (error) {
    collector.discard();
    throw error;
  }
}

type Take = (chunk: Uint8Array) => void;

async function readPlain(c: Context<HttpEnv>, limits: BodyLimits, take: Take): Promise<void> {
  const countReceived = createCount(limits.receivedBytes, "received");
  const countDecoded = createCount(limits.decodedBytes, "decoded");
  await receiveChunks(c, (chunk) => {
    c.set("receivedBytes", countReceived(chunk.byteLength));
    countDecoded(chunk.byteLength);
    take(chunk);
  });
}

async function readEncoded(
  c: Context<HttpEnv>,
  limits: BodyLimits,
  decoders: readonly ContentDecoder[],
  take: Take,
): Promise<void> {
  const countReceived = (bytes: number): void => c.set("receivedBytes", bytes);
  let body = bounded(readChunks(c.req.raw), limits.receivedBytes, "received", countReceived);
  for (const decode of decoders) body = bounded(decode(body), limits.decodedBytes, "decoded");
  try {
    for await (const chunk of body) take(chunk);
  } catch (error) {
    if (isAppError(error)) throw error;
    throw new AppError("invalid_envelope", "invalid envelope: the body does not fit its Content-Encoding", {
      cause: error,
    });
  }
}

async function* bounded(
  source: AsyncIterable<Uint8Array>,
  limitBytes: number,
  what: "received" | "decoded",
  onCount: (seenBytes: number) => void = () => {},
): AsyncGenerator<Uint8Array> {
  const count = createCount(limitBytes, what);
  for await (const chunk of source) {
    onCount(count(chunk.byteLength));
    yield chunk;
  }
}

/** Makes what adds bytes up. It throws AppError `payload_too_large` once they are too many. */
function createCount(limitBytes: number, what: "received" | "decoded"): (bytes: number) => number {
  let seenBytes = 0;
  return (bytes) => {
    seenBytes += bytes;
    if (seenBytes > limitBytes) throw tooLarge(what, limitBytes);
    return seenBytes;
  };
}

function tooLarge(what: "received" | "decoded", limitBytes: number): AppError {
  return new AppError("payload_too_large", `body too large: at most ${limitBytes} bytes ${what}`);
}
