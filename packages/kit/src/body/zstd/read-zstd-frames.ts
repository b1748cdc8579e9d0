/**
 * Takes zstd frames (RFC 8878) apart into blocks, without inflating any, and holds them to bounds: what is to inflate them trusts
 * its input.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { type ByteReader, createByteReader } from "./byte-reader.ts";

/** What an HTTP decoder has to support, and what a sender must not exceed (RFC 9659). */
const MAX_WINDOW_BYTES = 8 * 1024 * 1024;

const MAX_BLOCK_BYTES = 128 * 1024;

/**
 * Inflating a block moves the window, however little the block carries, so that a body of tiny blocks could keep a thread
 * busy for hours. 8 GiB take about a second, and are twice what 64 MiB in full blocks need at the largest window.
 */
const MAX_MOVED_BYTES = 8 * 1024 * 1024 * 1024;

/** The least that a block or frame is charged, for the work that does not depend on the window. */
const MIN_CHARGE_BYTES = 64 * 1024;

/** Other requests get their turn after this much: 4,096 blocks at most. */
const MOVED_BYTES_PER_TURN = 256 * 1024 * 1024;

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;

/** A frame as it was received. */
export interface ZstdFrame {
  /** One per block; the frame's header is before the first, its checksum, if any, after the last. */
  readonly pieces: readonly Uint8Array[];
  /** The declared size, once inflated. */
  readonly contentBytes: number | undefined;
}

/**
 * Read a whole body of any number of frames; skippable ones are passed over.
 * @throws Error when a header is corrupt, the body is cut short, names a dictionary or asks for more than the bounds.
 */
export async function readZstdFrames(source: AsyncIterable<Uint8Array>): Promise<ZstdFrame[]> {
  const input = createByteReader(source);
  const work = createWorkBudget();
  const frames: ZstdFrame[] = [];
  while (await input.hasMore()) {
    const magic = await input.read(4);
    const kind = magic.readUInt32LE();
    if (kind === FRAME_MAGIC) {
      frames.push(await readFrame(magic, input, work));
    } else if ((kind & ~0xf) >>> 0 === SKIPPABLE_MAGIC) {
      await work.charge(0);
      await input.skip((await input.read(4)).readUInt32LE());
    } else {
      throw new Error("no zstd frame");
    }
  }
  return frames;
}

async function readFrame(magic: Buffer, input: ByteReader, work: WorkBudget): Promise<ZstdFrame> {
  const header = await readFrameHeader(input);
  await work.charge(header.windowBytes);
  const pieces: Buffer[] = [];
  let before = Buffer.concat([magic, header.bytes]);
  let isLast = false;
  while (!isLast) {
    const block = await readBlock(input, Math.min(header.windowBytes, MAX_BLOCK_BYTES));
    await work.charge(header.windowBytes);
    isLast = block.isLast;
    const after = await input.read(isLast ? header.checksumBytes : 0);
    pieces.push(Buffer.concat([before, block.header, block.content, after]));
    before = Buffer.alloc(0);
  }
  return { pieces, contentBytes: header.contentBytes };
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

interface Block {
  readonly header: Buffer;
  readonly content: Buffer;
  readonly isLast: boolean;
}

async function readBlock(input: ByteReader, maxBytes: number): Promise<Block> {
  const header = await input.read(3);
  const fields = header.readUIntLE(0, 3);
  const type = (fields >> 1) & 3;
  const size = fields >> 3;
  if (type === 3 || size > maxBytes) throw new Error("corrupt zstd block");
  const RUN = 1;
  const content = await input.read(type === RUN ? 1 : size);
  return { header, content, isLast: (fields & 1) === 1 };
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
