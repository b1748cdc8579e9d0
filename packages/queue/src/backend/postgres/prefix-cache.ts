/** Keeps the parts of lists that were read lately. What is in a list never changes, so what is kept is never wrong. */
const MAX_BYTES = 12 * 2 ** 20;

/** Parts of lists. */
export interface PartMemory {
  /** The parts that are known, from the first one on. */
  get(listId: string): readonly Buffer[];
  put(listId: string, parts: readonly Buffer[]): void;
}

/** Make an empty memory. */
export function createPartMemory(maxBytes: number = MAX_BYTES): PartMemory {
  const lists = new Map<string, readonly Buffer[]>();
  let bytes = 0;
  const drop = (listId: string): void => {
    bytes -= sumBytes(lists.get(listId) ?? []);
    lists.delete(listId);
  };
  return {
    get(listId) {
      const parts = lists.get(listId);
      if (parts === undefined) return [];
      // To the end: what was asked for last is forgotten last.
      lists.delete(listId);
      lists.set(listId, parts);
      return parts;
    },
    put(listId, parts) {
      drop(listId);
      lists.set(listId, parts.map(toOwnMemory));
      bytes += sumBytes(parts);
      for (const oldest of lists.keys()) {
        if (bytes <= maxBytes) return;
        drop(oldest);
      }
    },
  };
}

/** A short one is a slice of memory that it shares with what is soon forgotten, and would keep all of it. */
function toOwnMemory(part: Buffer): Buffer {
  if (part.buffer.byteLength === part.byteLength) return part;
  const own = Buffer.allocUnsafeSlow(part.byteLength);
  part.copy(own);
  return own;
}

function sumBytes(parts: readonly Buffer[]): number {
  return parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
