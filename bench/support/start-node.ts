import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";

/** A program to run. */
export interface NodeProgram {
  readonly name: string;
  /** TypeScript runs through tsx, anything else as it is. */
  readonly entry: URL;
  readonly args?: readonly string[];
  /** Added to the environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Node's own options. */
  readonly nodeArgs?: readonly string[];
  /** Takes standard output instead of us: reading a line per turn would cost the cores that are measured. */
  readonly logFile?: string;
}

/** A program that runs. */
export interface NodeProcess {
  readonly name: string;
  readonly pid: number;
  /** The exit code, null after a signal. */
  readonly ended: Promise<number | null>;
  /**
   * Wait for a line of standard output that matches; there are none when they go to a file.
   * @throws Error when the program ends first.
   */
  waitForLine(pattern: RegExp): Promise<RegExpExecArray>;
  /** @throws Error when the program has ended by itself: what was measured with it does not count. */
  checkAlive(): void;
  /** End it by SIGTERM, and wait for its end. */
  stop(): Promise<void>;
}

/** Start a program; what it writes to standard error is shown. It is killed with this process. */
export function startNode(program: NodeProgram): NodeProcess {
  const { name, entry, args = [], env = {}, nodeArgs = [], logFile } = program;
  const file = fileURLToPath(entry);
  const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const loading = file.endsWith(".ts") ? ["--import", loader] : [];
  const output = logFile === undefined ? "pipe" : openSync(logFile, "a");
  const child = spawn(process.execPath, [...loading, ...nodeArgs, file, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", output, "inherit"],
  });
  if (typeof output === "number") closeSync(output);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} could not be started`);
  const kill = (): boolean => child.kill("SIGKILL");
  process.once("exit", kill);
  let exit: { code: number | null } | undefined;
  const ended = new Promise<number | null>((resolve) => {
    child.once("close", (code) => {
      exit = { code };
      process.off("exit", kill);
      resolve(code);
    });
  });
  const waiting = new Set<(line: string) => void>();
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on("line", (line) => waiting.forEach((take) => take(line)));
  }

  return {
    name,
    pid,
    ended,
    waitForLine: (pattern) =>
      new Promise((resolve, reject) => {
        const take = (line: string): void => {
          const match = pattern.exec(line);
          if (match === null) return;
          waiting.delete(take);
          resolve(match);
        };
        waiting.add(take);
        void ended.then((code) =>
          reject(new Error(`${name} ended with ${code} before it printed ${pattern}`)),
        );
      }),
    checkAlive() {
      if (exit !== undefined) throw new Error(`${name} ended with ${exit.code} while it was needed`);
    },
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
