/** Writes zstd frames by hand (RFC 8878), as no compressor is at hand on Node 20 and none would write the hostile ones. */

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
const MAX_BLOCK_BYTES = 128 * 1024;

/** A window descriptor of 128 KiB, of 8 MiB (the most that is allowed), and of twice that. */
export const windows = { small: 7 << 3, largest: 13 << 3, tooLarge: 14 << 3 } as const;

/** A frame that carries its content uncompressed. */
export function zstdRaw(content: Uint8Array): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < content.length || blocks.length === 0; at += MAX_BLOCK_BYTES) {
    const part = content.subarray(at, at + MAX_BLOCK_BYTES);
    blocks.push(blockHeader(0, part.length, at + MAX_BLOCK_BYTES >= content.length), Buffer.from(part));
  }
  return Buffer.concat([frameHeader(windows.small), ...blocks]);
}

/** A frame of runs of one byte, each of 128 KiB and 4 bytes long: the worst ratio that the format allows. */
export function zstdBomb(runs: number, window: number = windows.small): Buffer {
  const run = (isLast: boolean) => Buffer.concat([blockHeader(1, MAX_BLOCK_BYTES, isLast), Buffer.from(" ")]);
  return Buffer.concat([
    frameHeader(window),
    ...Array.from({ length: runs }, (_, at) => run(at === runs - 1)),
  ]);
}

/** A frame of blocks that carry nothing, which still cost work. */
export function zstdOfEmptyBlocks(blocks: number, window: number): Buffer {
  const headers = Array.from({ length: blocks }, (_, at) => blockHeader(0, 0, at === blocks - 1));
  return Buffer.concat([frameHeader(window), ...headers]);
}

/** A frame that a decoder has to pass over. */
export function zstdSkippable(content: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a53);
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content]);
}

function frameHeader(window: number): Buffer {
  return Buffer.from([...MAGIC, 0, window]);
}

function blockHeader(type: 0 | 1, sizeBytes: number, isLast: boolean): Buffer {
  const header = Buffer.alloc(3);
  header.writeUIntLE((sizeBytes << 3) | (type << 1) | (isLast ? 1 : 0), 0, 3);
  return header;
}
