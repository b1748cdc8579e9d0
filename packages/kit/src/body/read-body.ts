/**
 * Reading a request's body within bounds. What must stay true: no more than the limits is ever held, a refusal does not
 * wait for the rest of the body, and whatever a client sends is its own failure, never ours.
 */
import { AppError, isAppError } from "@turnpike/domain/errors";
import type { Context } from "hono";
import { createByteCollector } from "./collect-bytes.ts";
import { type ContentDecoder, findContentDecoders, holdsMuch } from "./content-decoders.ts";
import type { HttpEnv } from "../http/http-env.ts";
import { createPacer } from "@turnpike/async/pacer";
import { receiveChunks } from "./receive-chunks.ts";
import { createUploadClock } from "./upload-clock.ts";
import { createWaitingLine } from "@turnpike/async/semaphore";

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
   * So many bytes more are held, less when negative.
   * @throws AppError that refuses the body.
   */
  grow(bytes: number): void;
  /**
   * The body is coming.
   * @param giveUp refuses it while it is.
   * @returns what is called when all of it has come, or it was refused.
   */
  begin?(giveUp: (error: AppError) => void): () => void;
}

/** Shown each piece of a body, decoded, before it is held; what it throws refuses the body. */
export type InspectChunk = (chunk: Uint8Array) => void;

const nobodyCounts: BodyHold = { grow: () => {} };

const uploads = createUploadClock();

const KIB = 1024;
const MIB = 1024 * KIB;

const SLICE_BYTES = 64 * KIB;
// What inflates beyond this waits for its turn, and is taken in paces: a few milliseconds of work in a turn of the event loop.
const SLIGHT_BYTES = 64 * KIB;
const line = createWaitingLine(2);
const pacer = createPacer({ startsPerTurn: 16, maxWaitingBytes: 64 * MIB });
// Clients wait longer than this for an answer, and it is long enough for many large bodies.
const MAX_WAIT_MS = 30_000;

/**
 * Read a request's body, undoing its Content-Encoding. The rest of a refused body is left to the server, which drains it for a
 * moment and then closes.
 * @throws AppError `payload_too_large`: by Content-Length before anything else, by counting otherwise.
 * @throws what `hold` and `inspect` throw; AppError `request_timeout` when it comes too slowly (`createUploadClock`).
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
  const reception = beginReception(hold);
  const take = (chunk: Uint8Array): void => {
    inspect?.(chunk);
    reception.grow(chunk.byteLength);
    collector.add(chunk);
  };
  try {
    await (isPlain
      ? readPlain(c, limits, take, reception)
      : readEncoded(c, limits, decoders, take, reception));
    return collector.bytes();
  } catch (error) {
    collector.discard();
    throw error;
  } finally {
    reception.end();
  }
}

type Take = (chunk: Uint8Array) => void;

/** A body that is coming. */
interface Reception {
  /** Aborted when it is given up. */
  readonly signal: AbortSignal;
  hear(): void;
  grow(bytes: number): void;
  /** May be called again. */
  end(): void;
}

function beginReception(hold: BodyHold): Reception {
  const control = new AbortController();
  const giveUp = (error: AppError): void => control.abort(error);
  const upload = uploads.watch(giveUp);
  const endHold = hold.begin?.(giveUp);
  return {
    signal: control.signal,
    hear: () => upload.hear(),
    grow(bytes) {
      hold.grow(bytes);
      upload.grow(bytes);
    },
    end() {
      upload.end();
      endHold?.();
    },
  };
}

async function readPlain(
  c: Context<HttpEnv>,
  limits: BodyLimits,
  take: Take,
  reception: Reception,
): Promise<void> {
  const countReceived = createCount(limits.receivedBytes, "received");
  const countDecoded = createCount(limits.decodedBytes, "decoded");
  const onChunk = (chunk: Uint8Array): void => {
    reception.hear();
    c.set("receivedBytes", countReceived(chunk.byteLength));
    countDecoded(chunk.byteLength);
    take(chunk);
  };
  await receiveChunks(c, onChunk, reception.signal);
}

/** All of it is waited for: what a few bytes become is held for as long as this process inflates it, and not as its sender likes. */
async function readEncoded(
  c: Context<HttpEnv>,
  limits: BodyLimits,
  decoders: readonly ContentDecoder[],
  take: Take,
  reception: Reception,
): Promise<void> {
  const received = createByteCollector(limits.receivedBytes);
  const countReceived = createCount(limits.receivedBytes, "received");
  const onChunk = (chunk: Uint8Array): void => {
    reception.hear();
    c.set("receivedBytes", countReceived(chunk.byteLength));
    reception.grow(chunk.byteLength);
    received.add(chunk);
  };
  await receiveChunks(c, onChunk, reception.signal);
  reception.end();
  const bytes = received.bytes();
  await inflate(bytes, limits, decoders, take);
  reception.grow(-bytes.length);
  received.discard();
}

async function inflate(
  bytes: Buffer,
  limits: BodyLimits,
  decoders: readonly ContentDecoder[],
  take: Take,
): Promise<void> {
  let body: AsyncIterable<Uint8Array> = slices(bytes);
  for (const decode of decoders) body = bounded(decode(body), limits.decodedBytes, "decoded");
  let takenBytes = 0;
  let leave = holdsMuch(decoders) ? await enterLine() : undefined;
  try {
    for await (const chunk of body) {
      takenBytes += chunk.byteLength;
      if (takenBytes > SLIGHT_BYTES) {
        leave ??= await enterLine();
        await new Promise<void>((resolve) => pacer.start(resolve, chunk.byteLength));
      }
      take(chunk);
    }
  } catch (error) {
    if (isAppError(error)) throw error;
    throw new AppError("invalid_envelope", "invalid envelope: the body does not fit its Content-Encoding", {
      cause: error,
    });
  } finally {
    leave?.();
  }
}

async function enterLine(): Promise<() => void> {
  const leave = await line.enter(1, MAX_WAIT_MS);
  if (leave !== undefined) return leave;
  throw new AppError("queue_unavailable", "too many bodies are being inflated; nothing was accepted", {
    isPublic: true,
  });
}

async function* slices(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) yield bytes.subarray(at, at + SLICE_BYTES);
}

async function* bounded(
  source: AsyncIterable<Uint8Array>,
  limitBytes: number,
  what: "received" | "decoded",
): AsyncGenerator<Uint8Array> {
  const count = createCount(limitBytes, what);
  for await (const chunk of source) {
    count(chunk.byteLength);
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
