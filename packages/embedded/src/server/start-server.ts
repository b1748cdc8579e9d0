/**
 * Get a data directory served: by the server that already serves it, which may have outlived the process that started it, or
 * by a new one.
 */
import { statfs } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { EmbeddedPostgresError } from "../embedded-postgres-error.ts";
import { findFreePort, isPortFree } from "./find-free-port.ts";
import { disownPostmasterPid, isPostmasterRunning, readPostmasterPid } from "../data-dir/postmaster-pid.ts";
import { probeServer } from "./probe-server.ts";
import { runProgram, type ServerPrograms } from "./run-program.ts";
import { openServerLog } from "./server-log.ts";
import { tellingLine } from "./telling-line.ts";

/** A server that answers queries. */
export interface RunningServer {
  readonly pid: number;
  readonly port: number;
  /** Whether it ran before. */
  readonly isAttached: boolean;
}

// A server that was killed may take a moment to vanish, and its port to become free.
const patienceMs = 10_000;
// How long crash recovery may take. The measured 80 ms grow with the write-ahead log.
const recoveryPatienceMs = 300_000;
const pollMs = 50;
const fullBelowBytes = 1024 * 1024;

/** How to start a server. */
export interface StartServerOptions {
  /** By name, for a server that this call starts. */
  readonly settings: Readonly<Record<string, string>>;
  /** Where a server that this call starts is to listen; any free port when absent. */
  readonly port?: number;
  /** Gives the start up. */
  readonly signal?: AbortSignal;
}

/**
 * Attach to the server of a finished data directory, or start one.
 * @throws EmbeddedPostgresError with what the server's log says when it does not start.
 */
export async function startServer(
  programs: ServerPrograms,
  dataDir: string,
  { settings, port: wantedPort, signal }: StartServerOptions,
): Promise<RunningServer> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const attached = await attachServer(dataDir, signal);
    if (attached !== undefined) return attached;
    const found = await readPostmasterPid(dataDir);
    if (found !== undefined) await disownPostmasterPid(dataDir, found.pid);
    const port = wantedPort ?? (await findFreePort());
    signal?.throwIfAborted();
    const failure = await launch(programs, dataDir, port, settings);
    const launched = await readPostmasterPid(dataDir);
    if (failure === undefined && launched?.port !== undefined) {
      return { pid: launched.pid, port: launched.port, isAttached: false };
    }
    signal?.throwIfAborted();
    // Worth another try: somebody took the port, starts a server too, or still holds memory of the one that is gone.
    const isPortTaken = !(await isPortFree(port));
    if ((launched === undefined && !isPortTaken) || Date.now() > deadline) {
      const reason = isPortTaken
        ? `its port ${port} is taken by another program`
        : (await isDiskFull(dataDir))
          ? "its disk is full"
          : tellingLine(failure ?? "");
      throw new EmbeddedPostgresError(
        `PostgreSQL did not start in ${dataDir}: ${reason} (log: ${dataDir}.log)`,
      );
    }
    await delay(pollMs);
  }
}

/**
 * Attach to the server of a data directory, when it has one, once it answers.
 * @throws EmbeddedPostgresError when it does not.
 */
export async function attachServer(
  dataDir: string,
  signal?: AbortSignal,
): Promise<RunningServer | undefined> {
  const begunAt = Date.now();
  for (;;) {
    signal?.throwIfAborted();
    const found = await readPostmasterPid(dataDir);
    if (found === undefined || !(await isPostmasterRunning(found.pid, dataDir))) return undefined;
    const { pid, port } = found;
    const result = port === undefined ? "busy" : await probeServer(port, dataDir);
    if (result === "serving" && port !== undefined) return { pid, port, isAttached: true };
    if (Date.now() - begunAt > (result === "busy" ? recoveryPatienceMs : patienceMs)) {
      throw new EmbeddedPostgresError(
        `A PostgreSQL (pid ${pid}) holds ${dataDir} and does not answer. Stop it, then start again.`,
      );
    }
    await delay(pollMs);
  }
}

/** @returns undefined when the server answers, else the end of its log. */
async function launch(
  programs: ServerPrograms,
  dataDir: string,
  port: number,
  settings: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const log = await openServerLog(`${dataDir}.log`);
  try {
    const args = [
      "start",
      "-w",
      "-s",
      "-t",
      String(recoveryPatienceMs / 1000),
      "-o",
      serverOptions(dataDir, port, settings),
    ];
    const { exitCode } = await runProgram(programs, "pg_ctl", args, {
      // By environment: pg_ctl would put an argument unquoted before the shell.
      env: { PGDATA: dataDir },
      outputFd: log.fd,
    });
    return exitCode === 0 ? undefined : await log.readTail();
  } finally {
    await log.close();
  }
}

function serverOptions(dataDir: string, port: number, settings: Readonly<Record<string, string>>): string {
  const assignments = { ...settings, listen_addresses: "127.0.0.1", unix_socket_directories: "" };
  const words = ["-D", dataDir, "-p", String(port)];
  for (const [name, value] of Object.entries(assignments)) words.push("-c", `${name}=${value}`);
  return words.map(quoteForShell).join(" ");
}

// pg_ctl hands its options to a shell.
function quoteForShell(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

// Then the log may hold nothing of it.
async function isDiskFull(dataDir: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(dataDir);
  return bavail * bsize < fullBelowBytes;
}
