/**
 * An app as a process of its own, under a supervisor as operators run it: whenever it ends, it is started again. What it
 * printed last and how its processes ended is kept for the report.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { waitUntil } from "../../support/wait-until.ts";
import { killAtExit } from "../../support/kill-at-exit.ts";

/** Which app a process runs. */
export type AppName = "ingest" | "worker" | "timeline";

/** The end of one process. */
export interface ProcessEnd {
  readonly at: number;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Whether it was told to end or killed by us. */
  readonly isWanted: boolean;
  readonly lastLines: readonly string[];
}

/** A supervised app. */
export interface App {
  readonly name: string;
  /** Send a signal to the process that runs now, if any. */
  signal(signal: NodeJS.Signals): void;
  /** Start the processes that follow with these variables added to their environment, and end the present one by SIGTERM. */
  restartWith(env: Readonly<Record<string, string>>): void;
  /** How many processes were started so far. */
  starts(): number;
  /** Wait until the running process says that it is ready. */
  ready(timeoutMs?: number): Promise<void>;
  ends(): readonly ProcessEnd[];
  lastLines(): readonly string[];
  url(): string;
  /** End it for good, by SIGTERM, and by SIGKILL when that takes too long. */
  stop(): Promise<void>;
}

/** How to run an app. */
export interface AppOptions {
  readonly app: AppName;
  readonly name: string;
  /** Folder of the bundles. */
  readonly distDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Called with the URL of each process, once it listens. */
  readonly onUp: (url: string) => void;
  /** Called when a process has ended. */
  readonly onDown: () => void;
}

const KEPT_LINES = 60;
// As an orchestrator does, so that a process that cannot start does not take the machine.
const RESTART_DELAY_MS = 250;
const STOP_PATIENCE_MS = 25_000;

/** Start an app. */
export function startApp(options: AppOptions): App {
  const ends: ProcessEnd[] = [];
  let lines: string[] = [];
  let addedEnv: Readonly<Record<string, string>> = {};
  let child: ChildProcess | undefined;
  let url = "";
  let starts = 0;
  let isStopping = false;
  let isWanted = false;
  let restart: NodeJS.Timeout | undefined;

  const start = (): void => {
    starts += 1;
    const mine: string[] = [];
    lines = mine;
    isWanted = false;
    url = "";
    const made = spawn(process.execPath, [join(options.distDir, `${options.app}.mjs`)], {
      cwd: options.distDir,
      env: { PATH: process.env["PATH"], PORT: "0", HOST: "127.0.0.1", ...options.env, ...addedEnv },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child = made;
    const forget = killAtExit(() => (made.pid === undefined ? [] : [made.pid]));
    const keep = (line: string): void => {
      mine.push(line);
      if (mine.length > KEPT_LINES) mine.shift();
    };
    createInterface({ input: made.stdout }).on("line", (line) => {
      keep(line);
      const found = /_started","url":"(http:[^"]+)"/.exec(line)?.[1];
      if (found === undefined) return;
      url = found;
      options.onUp(found);
    });
    createInterface({ input: made.stderr }).on("line", keep);
    made.once("error", (error) => keep(String(error)));
    made.once("close", (exitCode, signal) => {
      forget();
      options.onDown();
      ends.push({ at: Date.now(), exitCode, signal, isWanted, lastLines: mine.slice(-15) });
      url = "";
      if (!isStopping) restart = setTimeout(start, RESTART_DELAY_MS);
    });
  };
  const signal = (name: NodeJS.Signals): void => {
    if (name === "SIGKILL" || name === "SIGTERM") isWanted = true;
    child?.kill(name);
  };
  const isUp = async (): Promise<boolean> => url !== "" && (await fetch(`${url}/readyz`)).ok;

  start();
  return {
    name: options.name,
    signal,
    restartWith(env) {
      addedEnv = env;
      signal("SIGTERM");
    },
    starts: () => starts,
    async ready(timeoutMs = 60_000) {
      await waitUntil(isUp, { what: `${options.name} is ready`, timeoutMs }).catch((cause: unknown) => {
        throw new Error(`${options.name} does not become ready; it printed:\n${lines.join("\n")}`, { cause });
      });
    },
    ends: () => ends,
    lastLines: () => lines,
    url: () => url,
    async stop() {
      isStopping = true;
      clearTimeout(restart);
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const closed = once(child, "close");
      isWanted = true;
      child.kill("SIGCONT");
      child.kill("SIGTERM");
      const impatience = setTimeout(() => child?.kill("SIGKILL"), STOP_PATIENCE_MS);
      await closed;
      clearTimeout(impatience);
    },
  };
}
