/**
 * Get a data directory served: by the server that already serves it, which may have outlived the process that started it, or
 * by a new one.
 */
import { setTimeout as delay } from "node:timers/promises";
import { EmbeddedPostgresError } from "./embedded-postgres-error.ts";
import { findFreePort, isPortFree } from "./find-free-port.ts";
import { disownPostmasterPid, isPostmasterRunning, readPostmasterPid } from "./postmaster-pid.ts";
import { probeServer } from "./probe-server.ts";
import { runProgram, type ServerPrograms } from "./run-program.ts";
import { openServerLog } from "./server-log.ts";

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

/**
 * Attach to the server of a finished data directory, or start one on a port that the operating system chooses.
 * @throws EmbeddedPostgresError with the end of the server's log when it does not start.
 */
export async function startServer(
  programs: ServerPrograms,
  dataDir: string,
  settings: Readonly<Record<string, string>>,
): Promise<RunningServer> {
  const begunAt = Date.now();
  const hasPatience = (limitMs: number): boolean => Date.now() - begunAt < limitMs;
  for (;;) {
    const found = await readPostmasterPid(dataDir);
    const isLeft = found !== undefined && (await isPostmasterRunning(found.pid, dataDir));
    if (isLeft) {
      const result = found.port === undefined ? "busy" : await probeServer(found.port, dataDir);
      if (result === "serving" && found.port !== undefined) {
        return { pid: found.pid, port: found.port, isAttached: true };
      }
      if (!hasPatience(result === "busy" ? recoveryPatienceMs : patienceMs)) {
        throw new EmbeddedPostgresError(
          `A PostgreSQL (pid ${found.pid}) holds ${dataDir} and does not answer. Stop it, then start again.`,
        );
      }
      await delay(pollMs);
      continue;
    }
    if (found !== undefined) await disownPostmasterPid(dataDir, found.pid);
    const port = await findFreePort();
    const failure = await launch(programs, dataDir, port, settings);
    const launched = await readPostmasterPid(dataDir);
    if (failure === undefined && launched?.port !== undefined) {
      return { pid: launched.pid, port: launched.port, isAttached: false };
    }
    // Worth another try: somebody took the port, starts a server too, or still holds memory of the one that is gone.
    const isWorthRetry = launched !== undefined || !(await isPortFree(port));
    if (!isWorthRetry || !hasPatience(patienceMs)) {
      throw new EmbeddedPostgresError(
        `PostgreSQL did not start in ${dataDir}:\n${failure ?? "it ended at once"}`,
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
