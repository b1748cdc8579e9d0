/** Reads a stream of chunks by exact numbers of bytes. */
export interface ByteReader {
  /** Tell whether a byte is left, waiting for it if need be. */
  hasMore(): Promise<boolean>;
  /**
   * Take the next bytes, exactly that many.
   * @throws Error when the stream ends before.
   */
  read(sizeBytes: number): Promise<Buffer>;
  /**
   * Pass over bytes without holding them.
   * @throws Error when the stream ends before.
   */
  skip(sizeBytes: number): Promise<void>;
}

/** Make a reader of a stream; it holds one chunk, and of what `read` asks for as much as has come. */
export function createByteReader(source: AsyncIterable<Uint8Array>): ByteReader {
  const chunks = source[Symbol.asyncIterator]();
  let pending: Buffer = Buffer.alloc(0);

  const hasMore = async (): Promise<boolean> => {
    while (pending.length === 0) {
      const { done, value } = await chunks.next();
      if (done === true) return false;
      pending = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }
    return true;
  };

  const takeUpTo = async (sizeBytes: number): Promise<Buffer> => {
    if (!(await hasMore())) throw new Error("the stream is cut short");
    const taken = pending.subarray(0, sizeBytes);
    pending = pending.subarray(taken.length);
    return taken;
  };

  return {
    hasMore,
    async read(sizeBytes) {
      if (sizeBytes <= pending.length) return takeNow(sizeBytes);
      const whole = Buffer.allocUnsafe(sizeBytes);
      for (let filled = 0; filled < sizeBytes;) {
        filled += (await takeUpTo(sizeBytes - filled)).copy(whole, filled);
      }
      return whole;
    },
    async skip(sizeBytes) {
      for (let left = sizeBytes; left > 0;) left -= (await takeUpTo(left)).length;
    },
  };

  function takeNow(sizeBytes: number): Buffer {
    const taken = pending.subarray(0, sizeBytes);
    pending = pending.subarray(sizeBytes);
    return taken;
  }
}
