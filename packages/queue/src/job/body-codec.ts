/** Bodies on their way through the queue. They lie beside it as bytes, which are neither escaped nor parsed on the way: as they are, or deflated. */
import { promisify } from "node:util";
import {
  constants,
  createInflateRaw,
  deflateRaw,
  deflateRawSync,
  inflateRaw,
  inflateRawSync,
} from "node:zlib";
import { AppError } from "@turnpike/domain/errors";

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** Below this a body costs less to carry than to compress, as long as there is room: Redis and workers included. */
const COMPRESS_FROM_BYTES = { roomy: 1_048_576, tight: 16_384 } as const;
const PIECE_BYTES = 262_144;
/**
 * Below this a body is inflated or deflated sooner than another thread is woken, does it and wakes this one: at 35 kB 0.06 ms of CPU
 * instead of 0.10, and 0.47 instead of 0.67 (2026-11-27).
 */
const ASK_THREAD_FROM_BYTES = { inflate: 262_144, deflate: 65_536 } as const;
/** A payload keeps the whole piece that it was written into: one of 256 KiB for each body made a collection of all garbage every 60 turns. */
const FIRST_PIECE_BYTES = 16_384;
// zlib takes no less, and asks for another piece when one is full.
const SPARE_BYTES = 64;
/** Above this a body that is inflated is never there as bytes as a whole. */
const MAX_INFLATED_BYTES = 4_194_304;

// How much longer JSON is than what it deflates to.
const USUAL_RATIO = 3;

/** How the bytes of a body are written. */
export type BodyEncoding = "identity" | "deflate";

/** A body as it lies beside the queue. */
export interface EncodedBody {
  readonly encoding: BodyEncoding;
  readonly payload: Buffer;
}

/** How much room the queue has for bodies. */
export type QueueRoom = keyof typeof COMPRESS_FROM_BYTES;

/** Encode the UTF-8 of a body for the queue: large ones deflated (fastest level). */
export async function encodeBody(body: Buffer, room: QueueRoom): Promise<EncodedBody> {
  if (body.length < COMPRESS_FROM_BYTES[room]) return { encoding: "identity", payload: body };
  // JSON deflates to less than half; what does not takes a second piece.
  const chunkSize = Math.min(Math.max(body.length >> 1, FIRST_PIECE_BYTES), PIECE_BYTES);
  const options = { level: constants.Z_BEST_SPEED, chunkSize };
  const payload =
    body.length < ASK_THREAD_FROM_BYTES.deflate
      ? deflateRawSync(body, options)
      : await deflate(body, options);
  return { encoding: "deflate", payload };
}

/**
 * Decode a body; its UTF-8, or its text where that takes less memory on the way.
 * @param size of the body, as it is known before.
 * @throws AppError `unreadable_job` when the compressed bytes are broken.
 */
export async function decodeBody({ encoding, payload }: EncodedBody, size: number): Promise<string | Buffer> {
  if (encoding === "identity") return payload;
  if (size > MAX_INFLATED_BYTES) return inflateText(payload);
  try {
    return await inflateBytes(payload, size);
  } catch (cause) {
    throw doesNotInflate(cause);
  }
}

/** Decode a piece of a body that was not large; undefined when the compressed bytes are broken. */
export async function decodePiece({ encoding, payload }: EncodedBody): Promise<Buffer | undefined> {
  if (encoding === "identity") return payload;
  try {
    return await inflateBytes(payload, payload.length * USUAL_RATIO);
  } catch {
    return undefined;
  }
}

/** In one piece when it is as long as it was said to be; what is longer than that still inflates, up to the limit. */
async function inflateBytes(payload: Buffer, size: number): Promise<Buffer> {
  const options = { chunkSize: size + SPARE_BYTES, maxOutputLength: MAX_INFLATED_BYTES };
  return size < ASK_THREAD_FROM_BYTES.inflate ? inflateRawSync(payload, options) : inflate(payload, options);
}

/**
 * Inflate a text; it is never there as bytes as a whole. A byte order mark is no part of it.
 * @throws AppError `unreadable_job` when the compressed bytes are broken.
 */
export async function inflateText(packed: Uint8Array): Promise<string> {
  const decoder = new TextDecoder();
  const inflater = createInflateRaw({ chunkSize: PIECE_BYTES });
  try {
    inflater.end(packed);
    const pieces: string[] = [];
    for await (const chunk of inflater) pieces.push(decoder.decode(chunk as Buffer, { stream: true }));
    pieces.push(decoder.decode());
    return pieces.join("");
  } catch (cause) {
    throw doesNotInflate(cause);
  }
}

function doesNotInflate(cause: unknown): AppError {
  return new AppError("unreadable_job", "unreadable job payload: body does not inflate", { cause });
}
