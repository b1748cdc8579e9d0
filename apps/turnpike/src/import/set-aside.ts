import { createReadStream } from "node:fs";
import { type FileHandle, open, rm, stat } from "node:fs/promises";
import type { FileLine } from "./stream-lines.ts";
import type { Reason } from "./parse-legacy-line.ts";

/** Keeps the lines that are not imported, as they are, and beside them why. */
export interface SetAside {
  /** Write a line to the file, and its number and reason to the same line of the other. */
  put(line: FileLine, reason: Reason): Promise<void>;
  close(): Promise<void>;
}

/** Where the reasons of a file of set-aside lines stand. */
export function reasonsPathOf(path: string): string {
  return `${path}.reasons`;
}

/**
 * Start a file of set-aside lines and one of their reasons, in place of those of an earlier import. They are made with
 * the first line: nothing set aside, no files.
 * @throws Error when one of them is the imported file itself; Error of node:fs.
 */
export async function createSetAside(source: string, path: string): Promise<SetAside> {
  const reasonsPath = reasonsPathOf(path);
  for (const target of [path, reasonsPath]) {
    if (await isSameFile(source, target)) throw new Error(`${target} is the imported file itself`);
    await rm(target, { force: true });
  }
  let files: { readonly lines: FileHandle; readonly reasons: FileHandle } | undefined;

  return {
    async put(line, reason) {
      files ??= { lines: await open(path, "w"), reasons: await open(reasonsPath, "w") };
      if (line.bytes !== undefined) await files.lines.appendFile(line.bytes);
      else await copySpan(source, line, files.lines);
      await files.lines.appendFile("\n");
      await files.reasons.appendFile(`${line.number} ${reason}\n`);
    },
    async close() {
      await files?.lines.close();
      await files?.reasons.close();
    },
  };
}

async function copySpan(source: string, { start, end }: FileLine, target: FileHandle): Promise<void> {
  const chunks = createReadStream(source, { start, end: end - 1 }) as AsyncIterable<Buffer>;
  for await (const chunk of chunks) await target.appendFile(chunk);
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const there = await stat(other).catch(() => undefined);
  if (there === undefined) return false;
  const here = await stat(one);
  return here.dev === there.dev && here.ino === there.ino;
}
