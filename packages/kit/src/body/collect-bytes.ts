const MIB = 1024 * 1024;

const FIRST_BYTES = 64 * 1024;
/**
 * From here on a body has memory of its own, which grows in place and goes back to the system at once when it is let go. On the
 * allocator's heap bodies of many megabytes tear holes: 200 posts of 30 MB took 680 MB there, 550 of them holes (2026-11-26).
 */
const LARGE_FROM_BYTES = MIB;

/** Gathers chunks of bytes. */
export interface ByteCollector {
  add(chunk: Uint8Array): void;
  /** Get what has come so far; nothing may be added any more. */
  bytes(): Buffer;
  /** Let go of what has come so far: nobody has it yet. */
  discard(): void;
}

/**
 * Make an empty collector of so many bytes at most. Chunks are copied as they come: a body that arrives byte by byte would
 * otherwise cost a hundred times its size in chunk objects. A body of one chunk is that chunk.
 */
export function createByteCollector(maxBytes: number): ByteCollector {
  let only: Uint8Array | undefined;
  let small: Buffer | undefined;
  let large: ArrayBuffer | undefined;
  let usedBytes = 0;

  const gathered = (): Uint8Array =>
    large === undefined ? (small ?? Buffer.alloc(0)) : new Uint8Array(large);
  const makeRoom = (neededBytes: number): Uint8Array => {
    const before = gathered();
    if (neededBytes <= before.byteLength) return before;
    if (large !== undefined) {
      large.resize(Math.min(maxBytes, Math.ceil(neededBytes / MIB) * MIB));
      return gathered();
    }
    if (neededBytes < LARGE_FROM_BYTES) {
      small = Buffer.allocUnsafe(
        Math.max(neededBytes, Math.min(maxBytes, Math.max(FIRST_BYTES, before.byteLength * 2))),
      );
    } else {
      large = new ArrayBuffer(neededBytes, { maxByteLength: Math.max(maxBytes, neededBytes) });
    }
    const room = gathered();
    room.set(before.subarray(0, usedBytes));
    return room;
  };
  const append = (chunk: Uint8Array): void => {
    const neededBytes = usedBytes + chunk.byteLength;
    makeRoom(neededBytes).set(chunk, usedBytes);
    usedBytes = neededBytes;
  };

  return {
    add(chunk) {
      if (only === undefined && usedBytes === 0) {
        only = chunk;
        return;
      }
      if (only !== undefined) append(only);
      only = undefined;
      append(chunk);
    },
    bytes() {
      if (only !== undefined) return Buffer.from(only.buffer, only.byteOffset, only.byteLength);
      return large === undefined
        ? (small ?? Buffer.alloc(0)).subarray(0, usedBytes)
        : Buffer.from(large, 0, usedBytes);
    },
    discard() {
      only = undefined;
      small = undefined;
      large?.resize(0);
    },
  };
}
