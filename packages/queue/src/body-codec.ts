/** Bodies on their way through the queue. They lie beside it as bytes, which are neither escaped nor parsed on the way: as they are, or deflated. */
import { promisify } from "node:util";
import { constants, createInflateRaw, deflateRaw } from "node:zlib";
import { decodeUtf8 } from "@turnpike/domain/decode-utf8";
import { AppError } from "@turnpike/domain/errors";

const deflate = promisify(deflateRaw);

/** Below this a body costs less to carry than to compress, as long as there is room: Redis and workers included. */
const COMPRESS_FROM_BYTES = { roomy: 262_144, tight: 16_384 } as const;
const PIECE_BYTES = 262_144;

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
  const options = { level: constants.Z_BEST_SPEED, chunkSize: PIECE_BYTES };
  return { encoding: "deflate", payload: await deflate(body, options) };
}

/**
 * Decode a body; a byte order mark at its beginning is no part of its text.
 * @throws AppError `unreadable_job` when the compressed bytes are broken.
 */
export async function decodeBody({ encoding, payload }: EncodedBody): Promise<string> {
  return encoding === "deflate" ? inflateText(payload) : decodeUtf8(payload);
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
    throw new AppError("unreadable_job", "unreadable job payload: body does not inflate", { cause });
  }
}
