/**
 * Reading a request's body within bounds. What must stay true: no more than the limits is ever held, a refusal does not
 * wait for the rest of the body, and whatever a client sends is its own failure, never ours.
 */
import { AppError, isAppError } from "@turnpike/domain/errors";
import type { Context } from "hono";
import { collectText } from "./collect-text.ts";
import { findContentDecoders } from "./content-decoders.ts";
import type { HttpEnv } from "./http-env.ts";

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
  /** Wait until the bytes may be made into a text, which takes their size once more and then some. */
  beforeText(): Promise<void>;
}

const nobodyCounts: BodyHold = { grow: () => {}, beforeText: () => Promise.resolve() };

// Below this a body is counted at once, above as it comes: a slow sender is not to take the place of others.
const COUNT_AT_ONCE_BYTES = 64 * 1024;

/**
 * Read a request's body as text (UTF-8; a malformed byte becomes U+FFFD, as in the capture clients' own language), undoing its
 * Content-Encoding. The rest of a refused body is left to the server, which drains it for a moment and then closes.
 * @throws AppError `payload_too_large`: by Content-Length before anything else, by counting otherwise.
 * @throws what the hold throws.
 * @throws AppError `invalid_envelope` when an encoding is unknown, an encoded body is corrupt or cut short, or the
 *   client went away.
 */
export async function readBody(
  c: Context<HttpEnv>,
  limits: BodyLimits,
  hold: BodyHold = nobodyCounts,
): Promise<string> {
  const declaredBytes = Number(c.req.header("content-length") ?? Number.NaN);
  if (declaredBytes > limits.receivedBytes) throw tooLarge("received", limits.receivedBytes);
  const decoders = findContentDecoders(c.req.header("content-encoding"));
  const isPlain = decoders.length === 0 && declaredBytes <= limits.decodedBytes;
  if (isPlain && (declaredBytes <= COUNT_AT_ONCE_BYTES || hold === nobodyCounts)) {
    // The server never delivers more than Content-Length, so there is nothing to count.
    hold.grow(declaredBytes);
    const text = await c.req.raw.text().catch(endedEarly);
    c.set("receivedBytes", declaredBytes);
    return text;
  }

  const countReceived = (bytes: number): void => c.set("receivedBytes", bytes);
  let body = bounded(readChunks(c.req.raw), limits.receivedBytes, "received", countReceived);
  for (const decode of decoders) body = bounded(decode(body), limits.decodedBytes, "decoded");
  if (decoders.length === 0) body = bounded(body, limits.decodedBytes, "decoded");
  const expectedBytes = decoders.length === 0 && declaredBytes > 0 ? declaredBytes : undefined;
  return collectText(held(body, hold), { expectedBytes, beforeText: () => hold.beforeText() }).catch(
    (error: unknown) => {
      if (isAppError(error)) throw error;
      throw new AppError("invalid_envelope", "invalid envelope: the body does not fit its Content-Encoding", {
        cause: error,
      });
    },
  );
}

async function* readChunks(request: Request): AsyncGenerator<Uint8Array> {
  if (request.body === null) return;
  const reader = request.body.getReader();
  try {
    while (true) {
      const { done, value } = await reader.read().catch(endedEarly);
      if (done) return;
      yield value;
    }
  } finally {
    // Not awaited: a refusal must not wait for a client that sends slowly.
    reader.cancel().catch(() => undefined);
  }
}

async function* bounded(
  source: AsyncIterable<Uint8Array>,
  limitBytes: number,
  what: "received" | "decoded",
  onCount?: (seenBytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let seenBytes = 0;
  for await (const chunk of source) {
    seenBytes += chunk.byteLength;
    onCount?.(seenBytes);
    if (seenBytes > limitBytes) throw tooLarge(what, limitBytes);
    yield chunk;
  }
}

async function* held(source: AsyncIterable<Uint8Array>, hold: BodyHold): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    hold.grow(chunk.byteLength);
    yield chunk;
  }
}

function tooLarge(what: "received" | "decoded", limitBytes: number): AppError {
  return new AppError("payload_too_large", `body too large: at most ${limitBytes} bytes ${what}`);
}

function endedEarly(cause: unknown): never {
  throw new AppError("invalid_envelope", "invalid envelope: the body ended early", { cause });
}
