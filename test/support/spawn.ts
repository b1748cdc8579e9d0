/** Runs entry points as real processes, the way a person does. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll } from "vitest";
import { waitUntil } from "./wait-until.ts";

/** How a process is started. */
export interface ProcessOptions {
  readonly args?: readonly string[];
  /** Added to the environment of the tests; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Give it a process group of its own. */
  readonly detached?: boolean;
}

/** How a process ended. */
interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that was started. */
export interface TestProcess {
  readonly pid: number;
  /** Settles when the process has ended and its output is complete. */
  readonly ended: Promise<ProcessEnd>;
  /** Everything written so far, standard output and error as they came. */
  output(): string;
  /**
   * Wait for a line of standard output that matches.
   * @throws Error with the output when the process ends or the time is up first.
   */
  waitForLine(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** Send a signal, to this process alone, and wait for its end. */
  kill(signal: NodeJS.Signals): Promise<ProcessEnd>;
}

/** Starts processes. */
export interface ProcessStarter {
  /** Start a file with this Node.js: TypeScript through tsx, anything else as it is. */
  start(entry: string | URL, options?: ProcessOptions): TestProcess;
}

/** Get a starter whose processes are all killed at the end of the test file. Call it at the top of the file or of a suite. */
export function useProcesses(): ProcessStarter {
  const children = new Set<ChildProcess>();
  const killAll = (): void => children.forEach((child) => child.kill("SIGKILL"));
  process.once("exit", killAll);
  afterAll(async () => {
    const ends = [...children].map((child) => once(child, "close"));
    killAll();
    await Promise.all(ends);
    process.off("exit", killAll);
  });
  return {
    start(entry, options = {}) {
      const child = spawnEntry(entry, options);
      children.add(child);
      child.once("close", () => children.delete(child));
      return observe(child, String(entry));
    },
  };
}

function spawnEntry(entry: string | URL, options: ProcessOptions): ChildProcess {
  const { args = [], env = {}, ...identity } = options;
  const file = entry instanceof URL ? fileURLToPath(entry) : entry;
  const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const nodeArgs = file.endsWith(".ts") ? ["--import", loader] : [];
  return spawn(process.execPath, [...nodeArgs, file, ...args], {
    ...identity,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function observe(child: ChildProcess, name: string): TestProcess {
  let stdout = "";
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
    output += chunk;
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
  });
  let end: ProcessEnd | undefined;
  const ended = new Promise<ProcessEnd>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode, signal) => {
      end = { exitCode, signal };
      resolve(end);
    });
  });
  // Whoever does not wait for the end is not to fail on it.
  ended.catch(() => undefined);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} could not be started`);

  const findLine = (pattern: RegExp): RegExpExecArray | undefined => {
    const lines = stdout.split("\n");
    // The last one is not complete while the process runs.
    if (end === undefined) lines.pop();
    for (const line of lines) {
      const match = pattern.exec(line);
      if (match !== null) return match;
    }
    return undefined;
  };

  return {
    pid,
    ended,
    output: () => output,
    async waitForLine(pattern, timeoutMs = 30_000) {
      const what = `${name} prints ${pattern}`;
      await waitUntil(() => findLine(pattern) !== undefined || end !== undefined, { what, timeoutMs }).catch(
        (cause: unknown) => {
          throw new Error(`timed out waiting until ${what}; it printed:\n${output}`, { cause });
        },
      );
      const match = findLine(pattern);
      if (match === undefined) throw new Error(`${name} ended before it printed ${pattern}:\n${output}`);
      return match;
    },
    async kill(signal) {
      child.kill(signal);
      return ended;
    },
  };
}
