import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { isErrno } from "./is-errno.ts";

/** Tell whether a process id is in use, by a zombie or another user's process too. */
export function isPidInUse(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isErrno(error, "EPERM");
  }
}

/** Tell whether a process still runs. A zombie, which nobody has reaped yet, does not. */
export async function isRunning(pid: number): Promise<boolean> {
  if (!isPidInUse(pid)) return false;
  const state = process.platform === "linux" ? await readStateOnLinux(pid) : await readStateByPs(pid);
  return state !== undefined && state !== "Z" && state !== "X";
}

// Not by `ps`, which slim container images leave out.
async function readStateOnLinux(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The state stands after the command in parentheses, which may hold any character.
    return stat.slice(stat.lastIndexOf(")") + 2)[0];
  } catch (error) {
    if (isErrno(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
}

async function readStateByPs(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)("/bin/ps", ["-o", "stat=", "-p", String(pid)]);
    return stdout.trim()[0];
  } catch {
    return undefined;
  }
}
