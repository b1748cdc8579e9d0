/**
 * What a server, running or gone, left in `postmaster.pid`. A file that outlives its server does not block a start, except when
 * its process id is taken again (small ids in a restarted container) or belongs to a zombie that nobody reaps: PostgreSQL takes
 * both for a running server.
 */
import { execFile } from "node:child_process";
import { readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { isErrno } from "../is-errno.ts";
import { isPidInUse, isRunning } from "../is-running.ts";

/** The part of `postmaster.pid` that is used here. */
export interface PostmasterPid {
  readonly pid: number;
  /** Undefined until the server has written it. */
  readonly port: number | undefined;
}

/** Read the `postmaster.pid` of a data directory; undefined when there is none. */
export async function readPostmasterPid(dataDir: string): Promise<PostmasterPid | undefined> {
  const text = await readPidFile(dataDir);
  if (text === undefined) return undefined;
  const lines = text.split("\n");
  const pid = Math.abs(Number.parseInt(lines[0] ?? "", 10));
  if (!(pid > 0)) return undefined;
  const port = Number.parseInt(lines[3] ?? "", 10);
  return { pid, port: port > 0 ? port : undefined };
}

/** Tell whether a process is a running PostgreSQL, on Linux that of the given data directory. */
export async function isPostmasterRunning(pid: number, dataDir: string): Promise<boolean> {
  if (!(await isRunning(pid))) return false;
  if (process.platform !== "linux") return isPostgresByPs(pid);
  try {
    // A server's working directory is its data directory.
    return (await readlink(`/proc/${pid}/cwd`)) === dataDir;
  } catch {
    // Gone, or another user's, whom PostgreSQL does not take for its own either.
    return false;
  }
}

/**
 * Put our own process id in the place of one that is in use, though not by the server that wrote it: PostgreSQL knows that the
 * process that starts it is no server. The file itself must stay, because its last lines guard against processes that outlived
 * their server. Does nothing when the process id is free or has changed: then PostgreSQL itself decides rightly.
 */
export async function disownPostmasterPid(dataDir: string, pid: number): Promise<void> {
  if (!isPidInUse(pid)) return;
  const text = await readPidFile(dataDir);
  if (text === undefined || Number.parseInt(text, 10) !== pid) return;
  await writeFile(pidFileOf(dataDir), [String(process.pid), ...text.split("\n").slice(1)].join("\n"));
}

async function isPostgresByPs(pid: number): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)("/bin/ps", ["-o", "comm=", "-p", String(pid)]);
    return stdout.includes("postgres");
  } catch {
    return false;
  }
}

async function readPidFile(dataDir: string): Promise<string | undefined> {
  try {
    return await readFile(pidFileOf(dataDir), "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

function pidFileOf(dataDir: string): string {
  return join(dataDir, "postmaster.pid");
}
