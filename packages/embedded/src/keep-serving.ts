/**
 * Keeps a data directory served, and owned by this process, through whatever ends the server or a session of it. Whoever is
 * connected finds the next server where the last one was.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Sql } from "postgres";
import { EmbeddedPostgresError, FolderInUseError, useOwnServer } from "./embedded-postgres-error.ts";
import { holdOwnership, type Ownership } from "./data-dir/hold-ownership.ts";
import { inspectDataDir } from "./data-dir/inspect-data-dir.ts";
import { isPostmasterRunning, readPostmasterPid } from "./data-dir/postmaster-pid.ts";
import type { ServerPrograms } from "./server/run-program.ts";
import { attachServer, type RunningServer, startServer } from "./server/start-server.ts";
import { stopServer } from "./server/stop-server.ts";

/** How to keep a data directory served. */
export interface KeepServingOptions {
  /** By name, for servers that are started. */
  readonly settings: Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
  /** Of the server, for the log. */
  readonly version: string;
  /** See `EmbeddedPostgresOptions`; without it a server that ends is not started again. */
  readonly onLost: ((error: EmbeddedPostgresError) => void) | undefined;
}

/** A served data directory. */
export interface ServedDataDir {
  readonly port: number;
  pid(): number;
  /** A connection to the first server, for its first moments. */
  readonly sql: Sql;
  /** Stop the server, unless another turnpike has taken it over. */
  stop(): Promise<void>;
}

const pollMs = 50;
const retryMs = 500;
// For how long starts may fail, from the first failure on: a full disk or a port that somebody took may be given back.
const startPatienceMs = 15_000;
// A server that ends more often is not worth another start.
const maxStarts = 5;
const startsWithinMs = 300_000;

/**
 * Serve a finished data directory and own it.
 * @throws EmbeddedPostgresError when the first server does not start, or is another's.
 */
export async function keepServing(
  programs: ServerPrograms,
  dataDir: string,
  { settings, log, version, onLost }: KeepServingOptions,
): Promise<ServedDataDir> {
  const closing = new AbortController();
  const { signal } = closing;
  // Until it is another's, or nobody's any more.
  let isOurs = true;
  let recovering: Promise<void> | undefined;
  let starts: number[] = [];
  let saidOf: RunningServer | undefined;

  const say = ({ isAttached, pid, port }: RunningServer): void =>
    log(
      `${isAttached ? "attached to" : "started"} PostgreSQL ${version} (pid ${pid}, port ${port}) of ${dataDir}`,
    );
  const lose = (error: EmbeddedPostgresError): void => {
    isOurs = false;
    closing.abort();
    onLost?.(error);
  };
  const onClose = (): void => {
    if (signal.aborted) return;
    const recovered = (recovering ?? Promise.resolve())
      .then(recover)
      .catch((error: unknown) => lose(gone(dataDir, reasonOf(error))))
      .finally(() => {
        if (recovering === recovered) recovering = undefined;
      });
    recovering = recovered;
  };

  let server = await startServer(programs, dataDir, { settings });
  say(server);
  const { port } = server;
  // Whoever fails to own the server leaves it to its owner, also when he has started it himself.
  let ownership: Ownership = await holdOwnership(port, dataDir, onClose);
  const { sql } = ownership;

  // A crash of any of the server's processes ends every session, and with ours the lock.
  async function recover(): Promise<void> {
    await ownership.close();
    let failingSince: number | undefined;
    while (!signal.aborted) {
      try {
        if (await serveAgain()) return;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof FolderInUseError && error.holder !== process.pid) {
          return lose(
            new EmbeddedPostgresError(`another turnpike has taken ${dataDir} over: ${error.message}`),
          );
        }
        // One that runs and does not answer may yet; it holds all that was accepted.
        failingSince = (await attached()) === undefined ? (failingSince ?? Date.now()) : undefined;
        if (failingSince !== undefined && Date.now() - failingSince > startPatienceMs) {
          return lose(gone(dataDir, reasonOf(error)));
        }
      }
      await delay(retryMs, undefined, { signal }).catch(() => {});
    }
  }

  /** @returns false when there is more to do. */
  async function serveAgain(): Promise<boolean> {
    const next = (await attachServer(dataDir, signal)) ?? (await start());
    if (next === undefined) return true;
    ownership = await holdOwnership(next.port, dataDir, onClose);
    if (next.port === port) {
      server = next;
      if (!next.isAttached) say(next);
      return true;
    }
    // Another turnpike has started it, and left it to us.
    ownership.expectClose();
    try {
      await stopServer(programs, dataDir, next.pid);
    } finally {
      await ownership.close();
    }
    return false;
  }

  /** @returns undefined when there is no start worth it. */
  async function start(): Promise<RunningServer | undefined> {
    if (onLost === undefined) {
      isOurs = false;
      log(`the PostgreSQL in ${dataDir} is gone`);
      return undefined;
    }
    if (!(await isWhole(dataDir))) {
      lose(gone(dataDir, "its folder is gone, or no longer a whole database"));
      return undefined;
    }
    const since = Date.now() - startsWithinMs;
    starts = starts.filter((at) => at > since);
    if (starts.length >= maxStarts) {
      lose(gone(dataDir, `it ended ${maxStarts + 1} times within ${startsWithinMs / 60_000} minutes`));
      return undefined;
    }
    if (saidOf !== server)
      log(`the PostgreSQL (pid ${server.pid}) of ${dataDir} has ended: starting it again`);
    saidOf = server;
    const next = await startServer(programs, dataDir, { settings, port, signal });
    if (!next.isAttached) starts.push(Date.now());
    return next;
  }

  /** The process id of the server that runs, whoever has started it. */
  async function attached(): Promise<number | undefined> {
    const found = await readPostmasterPid(dataDir);
    return found !== undefined && (await isPostmasterRunning(found.pid, dataDir)) ? found.pid : undefined;
  }

  async function stopNow(pid: number | undefined): Promise<void> {
    if (isOurs && pid !== undefined) await stopServer(programs, dataDir, pid);
  }

  return {
    port,
    pid: () => server.pid,
    sql,
    async stop() {
      closing.abort();
      ownership.expectClose();
      try {
        const wasRecovering = recovering !== undefined;
        let isRecovering = wasRecovering;
        void recovering?.finally(() => (isRecovering = false));
        // What is being started or waited for ends it at once.
        while (isRecovering) {
          await stopNow(await attached());
          await delay(pollMs);
        }
        await stopNow(wasRecovering ? await attached() : server.pid);
      } finally {
        await ownership.close();
      }
    },
  };
}

function gone(dataDir: string, reason: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `the PostgreSQL in ${dataDir} has ended and cannot be started again: ${reason}. ` +
      `Nothing accepted is lost while the folder is whole: mend that, then start turnpike again. Or: ${useOwnServer}`,
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function isWhole(dataDir: string): Promise<boolean> {
  return inspectDataDir(dataDir).then(
    (state) => state === "finished",
    () => false,
  );
}
