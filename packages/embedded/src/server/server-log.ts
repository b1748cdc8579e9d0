import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

// A server logs a few lines an hour; the file only has to stay small over years of starts.
const maxLogBytes = 10 * 1024 * 1024;
const tailBytes = 4096;

/** The server's log, opened to be handed to it. */
export interface ServerLog {
  readonly fd: number;
  /** Read the end of what was logged since opening. */
  readTail(): Promise<string>;
  close(): Promise<void>;
}

/** Open a server's log to append to it, or to begin it anew when it has grown large. Links are not followed. */
export async function openServerLog(path: string): Promise<ServerLog> {
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
  const file = await open(path, flags, 0o600);
  if ((await file.stat()).size > maxLogBytes) await file.truncate(0);
  const start = (await file.stat()).size;
  return { fd: file.fd, readTail: () => readTail(file, start), close: () => file.close() };
}

async function readTail(file: FileHandle, start: number): Promise<string> {
  const { size } = await file.stat();
  const from = Math.max(start, size - tailBytes);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
  return buffer.toString("utf8", 0, bytesRead).trim();
}
