import { type FileHandle, open } from "node:fs/promises";

const NEWLINE = 0x0a;
const CHUNK_BYTES = 1024 * 1024;

/** The non-blank lines of a file, read one at a time and in any order: the file itself may be larger than memory. */
export interface LineFile {
  readonly count: number;
  /** The line's own text. */
  read(index: number): Promise<string>;
  /** The line's number in the file, from 1. */
  numberOf(index: number): number;
  close(): Promise<void>;
}

/**
 * Find the lines of a file.
 * @throws Error of node:fs when it cannot be read.
 */
export async function openLines(path: string): Promise<LineFile> {
  const file = await open(path);
  const spans = await findSpans(file);
  const spanAt = (index: number): Span => {
    const span = spans[index];
    if (span === undefined) throw new RangeError(`no line ${index}`);
    return span;
  };
  return {
    count: spans.length,
    async read(index) {
      const { start, end } = spanAt(index);
      const { buffer } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
      return buffer.toString("utf8");
    },
    numberOf: (index) => spanAt(index).number,
    close: () => file.close(),
  };
}

interface Span {
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

async function findSpans(file: FileHandle): Promise<Span[]> {
  const spans: Span[] = [];
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let start = 0;
  let position = 0;
  let number = 1;
  let isBlank = true;
  const endLine = (end: number): void => {
    if (!isBlank) spans.push({ number, start, end });
    number += 1;
    start = end + 1;
    isBlank = true;
  };
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, position);
    if (bytesRead === 0) break;
    for (let index = 0; index < bytesRead; index += 1) {
      const byte = chunk[index] as number;
      if (byte === NEWLINE) endLine(position + index);
      else if (byte > 0x20) isBlank = false;
    }
    position += bytesRead;
  }
  endLine(position);
  return spans;
}
