import { pipeline, type Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { AppError } from "@turnpike/domain/errors";
import { inflateZstd } from "./zstd/zstd-decoder.ts";

/** Undoes one content coding. Iterating throws when the input is corrupt or cut short. */
export type ContentDecoder = (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

/** Each decoder holds a window of its own (up to 16 MiB for br), and no honest client stacks more. */
const MAX_STACKED_CODINGS = 3;

const decoders = new Map<string, ContentDecoder>([
  ["gzip", decodeThrough(createGunzip)],
  ["x-gzip", decodeThrough(createGunzip)],
  ["deflate", decodeThrough(createInflate)],
  ["br", decodeThrough(createBrotliDecompress)],
  ["zstd", inflateZstd],
]);

/**
 * Find what undoes a Content-Encoding, outermost coding first; empty when the body is not encoded.
 * @throws AppError `invalid_envelope` when a coding is unknown or there are too many.
 */
export function findContentDecoders(contentEncoding: string | undefined): ContentDecoder[] {
  const codings = (contentEncoding ?? "")
    .split(",")
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== "" && coding !== "identity");
  if (codings.length > MAX_STACKED_CODINGS) throw refused(`may stack at most ${MAX_STACKED_CODINGS} codings`);
  return codings.toReversed().map((coding) => {
    const decoder = decoders.get(coding);
    if (decoder === undefined) throw refused("must be gzip, deflate, br or zstd");
    return decoder;
  });
}

/** Tell whether decoders may hold much however little they give: br fills its window first, and of several all but the last are unseen. */
export function holdsMuch(all: readonly ContentDecoder[]): boolean {
  return all.length > 1 || all[0] === decoders.get("br");
}

function refused(rule: string): AppError {
  return new AppError("invalid_envelope", `invalid envelope: Content-Encoding ${rule}`);
}

function decodeThrough(createTransform: () => Transform): ContentDecoder {
  return (source) => {
    const transform = createTransform();
    // Whoever iterates the transform sees the error; the callback is only there so that nobody else does.
    return pipeline(source, transform, () => undefined);
  };
}
