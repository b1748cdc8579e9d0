import { createReadStream } from "node:fs";

const NEWLINE = 0x0a;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

// A longer line is not held in memory.
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** A line of a file. */
export interface FileLine {
  /** From 1, blank lines counted. */
  readonly number: number;
  /** Without the line feed; undefined when the line is too long to be held. */
  readonly bytes: Buffer | undefined;
  /** Where it stands in the file, in bytes, the line feed not included. */
  readonly start: number;
  readonly end: number;
}

/**
 * Give the non-blank lines of a file's first `sizeBytes`, in order. A byte order mark at the start belongs to no line. Holds one
 * line in memory, whatever the size of the file.
 * @throws Error of node:fs when it cannot be read.
 */
export async function* streamLines(path: string, sizeBytes: number): AsyncGenerator<FileLine> {
  if (sizeBytes === 0) return;
  const pending = createPendingLine();
  let position = 0;
  for await (const chunk of createReadStream(path, { end: sizeBytes - 1 }) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      const line = pending.end(chunk.subarray(from, at), position + at);
      if (line !== undefined) yield line;
      from = at + 1;
    }
    pending.add(chunk.subarray(from));
    position += chunk.length;
  }
  const last = pending.end(Buffer.alloc(0), position);
  if (last !== undefined) yield last;
}

interface PendingLine {
  add(part: Buffer): void;
  /** End the line at this place of the file; undefined when it is blank. */
  end(part: Buffer, end: number): FileLine | undefined;
}

function createPendingLine(): PendingLine {
  let parts: Buffer[] = [];
  let sizeBytes = 0;
  let number = 1;
  let start = 0;

  const add = (part: Buffer): void => {
    sizeBytes += part.length;
    if (sizeBytes <= MAX_LINE_BYTES) parts.push(part);
    else parts = [];
  };
  return {
    add,
    end(part, end) {
      add(part);
      const whole = sizeBytes > MAX_LINE_BYTES ? undefined : Buffer.concat(parts);
      const hasMark = number === 1 && whole?.subarray(0, BOM.length).equals(BOM) === true;
      const bytes = hasMark ? whole.subarray(BOM.length) : whole;
      const line = { number, bytes, start: hasMark ? BOM.length : start, end };
      parts = [];
      sizeBytes = 0;
      number += 1;
      start = end + 1;
      return bytes?.every((byte) => byte <= 0x20) === true ? undefined : line;
    },
  };
}
