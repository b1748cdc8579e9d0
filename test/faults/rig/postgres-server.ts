/** A PostgreSQL that can be killed, started again, paused, and run out of room. */
import { readdirSync, readFileSync } from "node:fs";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "@turnpike/embedded/start-embedded-postgres";
import { isRunning } from "@turnpike/embedded/is-running";
import { waitUntil } from "../../support/wait-until.ts";
import { createTurns } from "./in-turn.ts";
import { killAtExit } from "../../support/kill-at-exit.ts";

/** The server, whichever process it runs as. */
export interface PostgresServer {
  /** Changes with each start. */
  url(): string;
  dataDir(): string;
  /** Kill the server; its sessions end with it. */
  kill(): Promise<void>;
  /** Start it unless it runs. */
  ensureUp(): Promise<void>;
  /** Stop it and all its sessions in their tracks. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

// Commits outlive a kill of the server without fsync; few connections, so that they can be used up.
const settings = {
  fsync: "off",
  full_page_writes: "off",
  max_connections: "150",
  max_wal_size: "128MB",
  shared_buffers: "64MB",
};

// Longer than any fault holds the disk full.
const START_PATIENCE_MS = 60_000;

/** Start a server on a data directory, and tell where it listens, now and whenever that changes. */
export async function startPostgresServer(
  dataDir: string,
  onMove: (url: string | undefined) => void,
): Promise<PostgresServer> {
  let server: EmbeddedPostgres;
  let forget = (): void => {};
  const start = async (): Promise<void> => {
    server = await startEmbeddedPostgres({ dataDir, settings });
    const { pid } = server;
    forget = killAtExit(() => [pid, ...childrenOf(pid)]);
    onMove(server.url);
  };
  await start();
  const inTurn = createTurns();
  const signalAll = (signal: NodeJS.Signals): void => {
    for (const pid of [server.pid, ...childrenOf(server.pid)]) {
      try {
        process.kill(pid, signal);
      } catch {
        // A session that has just ended.
      }
    }
  };
  const isUp = (): Promise<boolean> => isRunning(server.pid);
  return {
    url: () => server.url,
    dataDir: () => server.dataDir,
    kill: () =>
      inTurn(async () => {
        if (await isUp()) signalAll("SIGKILL");
        onMove(undefined);
        await waitUntil(async () => !(await isUp()), { what: "the database server is gone" });
      }),
    ensureUp: () =>
      inTurn(async () => {
        if (await isUp()) return;
        forget();
        await server.stop();
        // Another fault may hold its disk full just now.
        await waitUntil(() => start().then(() => true), {
          what: "the database server starts",
          timeoutMs: START_PATIENCE_MS,
        });
      }),
    pause: () => signalAll("SIGSTOP"),
    resume: () => signalAll("SIGCONT"),
    stop: () =>
      inTurn(async () => {
        signalAll("SIGCONT");
        await server.stop();
        forget();
      }),
  };
}

/** The processes that a process has started. Each session of the server leads a process group of its own. */
function childrenOf(parent: number): number[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name before it is in parentheses, and may hold some itself.
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}
