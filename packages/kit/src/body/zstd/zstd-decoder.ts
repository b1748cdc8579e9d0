/** Zstandard (RFC 8878) on Node 20, which has none of its own. A frame's declared size is verified, its optional checksum is skipped. */
import { readZstdFrames, type ZstdFrame } from "./read-zstd-frames.ts";
import { createZstdThreads, type ZstdInflater, type ZstdThreadOptions } from "./zstd-inflater.ts";

/** Undoes zstd, see {@link createZstdDecoder}. */
export type ZstdDecoder = (source: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array>;

/** The decoder of all bodies of this process. */
export const inflateZstd: ZstdDecoder = createZstdDecoder();

/**
 * Make a decoder with threads of its own. It inflates any number of frames, without dictionaries: once the source has ended (it
 * holds that, for a slow sender must not hold a thread), and at most one block (128 KiB) ahead of the consumer. Its iteration throws
 * an Error when the body is corrupt, cut short or asks for more than the bounds, AppError `internal` when no thread can be started.
 */
export function createZstdDecoder(options: ZstdThreadOptions = {}): ZstdDecoder {
  const threads = createZstdThreads(options);
  return async function* inflateBody(source) {
    const frames = await readZstdFrames(source);
    const inflater = threads.open();
    try {
      for (const frame of frames) yield* inflateFrame(frame, inflater);
    } finally {
      await inflater.close();
    }
  };
}

async function* inflateFrame(frame: ZstdFrame, inflater: ZstdInflater): AsyncGenerator<Uint8Array> {
  const { pieces, contentBytes } = frame;
  let frameBytes = 0;
  for (const [at, bytes] of pieces.entries()) {
    const piece = { bytes, startsFrame: at === 0, endsFrame: at === pieces.length - 1 };
    for (const data of await inflater.inflate(piece)) {
      frameBytes += data.byteLength;
      yield data;
    }
  }
  if (contentBytes !== undefined && contentBytes !== frameBytes) {
    throw new Error("the zstd frame's size is not the declared one");
  }
}
