/** Bodies on their way through the queue: as they are, deflated, or deflated and beside the queue. */
import { promisify } from "node:util";
import { constants, createDeflateRaw, createInflateRaw, deflateRaw } from "node:zlib";
import { AppError } from "@turnpike/domain/errors";

const deflate = promisify(deflateRaw);

/** Below this a body costs less to carry than to compress, as long as there is room: Redis and workers included. */
const COMPRESS_FROM_CHARS = { roomy: 262_144, tight: 16_384 } as const;
/** A body that is larger than this when deflated lies beside the queue: a job is copied several times on its way. */
export const BESIDE_FROM_BYTES = 256 * 1024;
// From here on the text is not turned into bytes as a whole.
const STREAM_FROM_CHARS = 1_048_576;
const PIECE_CHARS = 262_144;

/** A body as it lies in a job: a string in any case, since a JSON column does not keep the order of an object's keys. */
export interface InlineBody {
  readonly encoding: "identity" | "deflate";
  readonly body: string;
}

/** A body that lies beside the queue: raw deflate, no base64. */
export interface BesideBody {
  readonly encoding: "beside";
  readonly payload: Buffer;
}

/** How much room the queue has for bodies. */
export type QueueRoom = keyof typeof COMPRESS_FROM_CHARS;

/** Encode a body for the queue: large ones deflated (fastest level), the largest to be put beside it. */
export async function encodeBody(body: string, room: QueueRoom): Promise<InlineBody | BesideBody> {
  if (body.length < COMPRESS_FROM_CHARS[room]) return { encoding: "identity", body };
  const packed =
    body.length < STREAM_FROM_CHARS
      ? await deflate(body, { level: constants.Z_BEST_SPEED })
      : await deflateInPieces(body);
  if (packed.length > BESIDE_FROM_BYTES) return { encoding: "beside", payload: packed };
  return { encoding: "deflate", body: packed.toString("base64") };
}

/**
 * Decode a body that lies in its job.
 * @throws AppError `unreadable_job` when the compressed bytes are broken.
 */
export async function decodeBody({ encoding, body }: InlineBody): Promise<string> {
  return encoding === "identity" ? body : inflateText(Buffer.from(body, "base64"));
}

/**
 * Inflate a body; the text is never there as bytes as a whole.
 * @throws AppError `unreadable_job` when the compressed bytes are broken.
 */
export async function inflateText(packed: Uint8Array): Promise<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const inflater = createInflateRaw({ chunkSize: PIECE_CHARS });
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

async function deflateInPieces(body: string): Promise<Buffer> {
  const deflater = createDeflateRaw({ level: constants.Z_BEST_SPEED, chunkSize: PIECE_CHARS });
  const chunks: Buffer[] = [];
  deflater.on("data", (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<void>((resolve, reject) => {
    deflater.once("end", resolve);
    deflater.once("error", reject);
  });
  for (let at = 0; at < body.length;) {
    const end = endOfPiece(body, at);
    await new Promise<void>((resolve, reject) => {
      deflater.write(body.slice(at, end), "utf8", (error) => (error ? reject(error) : resolve()));
    });
    at = end;
  }
  deflater.end();
  await ended;
  return Buffer.concat(chunks);
}

// A surrogate pair that is torn apart would come out as two replacement characters.
function endOfPiece(body: string, at: number): number {
  const end = Math.min(at + PIECE_CHARS, body.length);
  const last = body.charCodeAt(end - 1);
  const isHighSurrogate = last >= 0xd800 && last <= 0xdbff;
  return isHighSurrogate && end < body.length ? end - 1 : end;
}
