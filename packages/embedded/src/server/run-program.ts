import { spawn } from "node:child_process";
import { join } from "node:path";
import type { ServerUser } from "./server-user.ts";

/** The programs of one PostgreSQL installation, and as whom they run. */
export interface ServerPrograms {
  readonly binDir: string;
  /** Where else to look for shared libraries, see `link-libraries.ts`. */
  readonly libraryPath: string | undefined;
  /** Undefined: the user of this process. */
  readonly user: ServerUser | undefined;
}

/** How a program ended. */
export interface ProgramResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  /** Standard output and error, empty when they went to a file. */
  readonly output: string;
}

/** Settings of one run. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** An open file for standard output and error. */
  readonly outputFd?: number;
}

/**
 * Run a program of the installation to its end, in a session of its own, so that Ctrl-C in the terminal does not reach it.
 * @throws a system error when it cannot be started, such as `EACCES`.
 */
export async function runProgram(
  programs: ServerPrograms,
  name: "initdb" | "pg_ctl" | "postgres",
  args: readonly string[],
  options: RunOptions = {},
): Promise<ProgramResult> {
  const { outputFd } = options;
  const child = spawn(join(programs.binDir, name), args, {
    cwd: "/",
    detached: true,
    env: { ...environmentOf(programs), ...options.env },
    stdio: outputFd === undefined ? ["ignore", "pipe", "pipe"] : ["ignore", outputFd, outputFd],
    ...asUser(programs.user),
  });
  let output = "";
  const collect = (chunk: string): void => {
    output += chunk;
  };
  child.stdout?.setEncoding("utf8").on("data", collect);
  child.stderr?.setEncoding("utf8").on("data", collect);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => resolve({ exitCode, output }));
  });
}

/** Spawn options that run a child as the given user. */
export function asUser(user: ServerUser | undefined): { uid?: number; gid?: number } {
  // Spawn takes signed numbers; macOS knows `nobody` as 4294967294.
  return user === undefined ? {} : { uid: user.uid | 0, gid: user.gid | 0 };
}

// Not the environment of this process: variables such as PGDATA, PGPORT or PGOPTIONS would change what the programs do.
function environmentOf(programs: ServerPrograms): Record<string, string> {
  const environment: Record<string, string> = { PATH: "/usr/bin:/bin", LC_ALL: "C" };
  if (programs.libraryPath !== undefined) {
    const variable = process.platform === "darwin" ? "DYLD_LIBRARY_PATH" : "LD_LIBRARY_PATH";
    environment[variable] = programs.libraryPath;
  }
  return environment;
}
