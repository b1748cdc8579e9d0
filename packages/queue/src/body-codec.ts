import { promisify } from "node:util";
import { constants, deflateRaw, inflateRaw } from "node:zlib";
import { AppError } from "@turnpike/domain/errors";

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

// Below this a body costs less to carry than to compress.
const COMPRESS_FROM_CHARS = 16_384;

/** A body as it lies in a job: a string in any case, since a JSON column does not keep the order of an object's keys. */
export interface EncodedBody {
  readonly encoding: "identity" | "deflate";
  readonly body: string;
}

/** Encode a body for the queue: large ones compressed (raw deflate, fastest level, base64). */
export async function encodeBody(body: string): Promise<EncodedBody> {
  if (body.length < COMPRESS_FROM_CHARS) return { encoding: "identity", body };
  const packed = await deflate(body, { level: constants.Z_BEST_SPEED });
  return { encoding: "deflate", body: packed.toString("base64") };
}

/**
 * Decode a body from the queue.
 * @throws AppError `unreadable_job` when the compressed bytes are broken.
 */
export async function decodeBody(encoded: EncodedBody): Promise<string> {
  if (encoded.encoding === "identity") return encoded.body;
  try {
    return (await inflate(Buffer.from(encoded.body, "base64"))).toString("utf8");
  } catch (cause) {
    throw new AppError("unreadable_job", "unreadable job payload: body does not inflate", { cause });
  }
}
