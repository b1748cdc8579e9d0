/**
 * Zstandard (RFC 8878) on Node 20, which has none of its own. Blocks are inflated by `fzstd`: plain JavaScript, so no install
 * script and no binary per platform, and it inflates block by block, where the WebAssembly builds want whole bodies or leak what a
 * refused stream held. It trusts its input, though; so each frame's header and blocks are read here first and held to bounds.
 * A frame's declared size is verified, its optional checksum is skipped.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { Decompress } from "fzstd";
import { type ByteReader, createByteReader } from "./byte-reader.ts";

/** What an HTTP decoder has to support, and what a sender must not exceed (RFC 9659). */
const MAX_WINDOW_BYTES = 8 * 1024 * 1024;

const MAX_BLOCK_BYTES = 128 * 1024;

/**
 * Inflating a block moves the window, however little the block carries, so that a body of tiny blocks could keep the process
 * busy for hours. 8 GiB take about a second, and are twice what 64 MiB in full blocks need at the largest window.
 */
const MAX_MOVED_BYTES = 8 * 1024 * 1024 * 1024;

/** The least that a block or frame is charged, for the work that does not depend on the window. */
const MIN_CHARGE_BYTES = 64 * 1024;

/** Other requests get their turn after this much work, about 30 ms. */
const MOVED_BYTES_PER_TURN = 256 * 1024 * 1024;

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;

/**
 * Inflate any number of frames, without dictionaries; at most one block (128 KiB) ahead of the consumer.
 * @throws Error when the stream is corrupt, cut short or asks for more than the bounds.
 */
export async function* inflateZstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const input = createByteReader(source);
  const work = createWorkBudget();
  while (await input.hasMore()) {
    const magic = await input.read(4);
    const kind = magic.readUInt32LE();
    if (kind === FRAME_MAGIC) {
      yield* inflateFrame(magic, input, work);
    } else if ((kind & ~0xf) >>> 0 === SKIPPABLE_MAGIC) {
      await work.charge(0);
      await input.skip((await input.read(4)).readUInt32LE());
    } else {
      throw new Error("no zstd frame");
    }
  }
}

async function* inflateFrame(magic: Buffer, input: ByteReader, work: WorkBudget): AsyncGenerator<Uint8Array> {
  const header = await readFrameHeader(input);
  await work.charge(header.windowBytes);
  const inflated: Uint8Array[] = [];
  const inflater = new Decompress((data) => inflated.push(data));
  inflater.push(Buffer.concat([magic, header.bytes]));

  let frameBytes = 0;
  let isLast = false;
  while (!isLast) {
    const block = await readBlock(input, Math.min(header.windowBytes, MAX_BLOCK_BYTES));
    await work.charge(header.windowBytes);
    isLast = block.isLast;
    if (isLast) inflater.push(Buffer.concat([block.bytes, await input.read(header.checksumBytes)]), true);
    else inflater.push(block.bytes);
    for (const data of inflated.splice(0)) {
      frameBytes += data.byteLength;
      yield data;
    }
  }
  if (header.contentBytes !== undefined && header.contentBytes !== frameBytes) {
    throw new Error("the zstd frame's size is not the declared one");
  }
}

interface FrameHeader {
  /** As read, without the magic number. */
  readonly bytes: Buffer;
  readonly windowBytes: number;
  readonly contentBytes: number | undefined;
  readonly checksumBytes: 0 | 4;
}

async function readFrameHeader(input: ByteReader): Promise<FrameHeader> {
  const descriptor = await input.read(1);
  const flags = descriptor.readUInt8();
  const isSingleSegment = (flags & 0x20) !== 0;
  if ((flags & 0x08) !== 0) throw new Error("reserved bit in a zstd frame header");
  if ((flags & 0x03) !== 0) throw new Error("zstd dictionaries are not supported");

  const window = await input.read(isSingleSegment ? 0 : 1);
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0;
  const size = await input.read(sizeBytes);
  const contentBytes = readContentSize(size);
  const windowBytes = isSingleSegment ? (contentBytes ?? 0) : readWindowSize(window.readUInt8());
  if (windowBytes > MAX_WINDOW_BYTES) throw new Error("the zstd window is larger than 8 MiB");
  return {
    bytes: Buffer.concat([descriptor, window, size]),
    windowBytes,
    contentBytes,
    checksumBytes: (flags & 0x04) === 0 ? 0 : 4,
  };
}

function readContentSize(field: Buffer): number | undefined {
  if (field.length === 0) return undefined;
  if (field.length === 8) return Number(field.readBigUInt64LE());
  // Two bytes start where one byte ends.
  return field.readUIntLE(0, field.length) + (field.length === 2 ? 256 : 0);
}

function readWindowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

async function readBlock(input: ByteReader, maxBytes: number): Promise<{ bytes: Buffer; isLast: boolean }> {
  const header = await input.read(3);
  const fields = header.readUIntLE(0, 3);
  const type = (fields >> 1) & 3;
  const size = fields >> 3;
  if (type === 3 || size > maxBytes) throw new Error("corrupt zstd block");
  const RUN = 1;
  const content = await input.read(type === RUN ? 1 : size);
  return { bytes: Buffer.concat([header, content]), isLast: (fields & 1) === 1 };
}

interface WorkBudget {
  charge(windowBytes: number): Promise<void>;
}

function createWorkBudget(): WorkBudget {
  let movedBytes = 0;
  let nextTurnAt = MOVED_BYTES_PER_TURN;
  return {
    async charge(windowBytes) {
      movedBytes += Math.max(windowBytes, MIN_CHARGE_BYTES);
      if (movedBytes > MAX_MOVED_BYTES) throw new Error("too many zstd blocks for their window");
      if (movedBytes < nextTurnAt) return;
      nextTurnAt = movedBytes + MOVED_BYTES_PER_TURN;
      await nextTurn();
    },
  };
}
