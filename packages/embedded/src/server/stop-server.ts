import { setTimeout as delay } from "node:timers/promises";
import { EmbeddedPostgresError } from "../embedded-postgres-error.ts";
import { isPostmasterRunning } from "../data-dir/postmaster-pid.ts";
import { runProgram, type ServerPrograms } from "./run-program.ts";
import { tellingLine } from "./telling-line.ts";

// Fast: sessions are ended and a checkpoint is written, which a slow disk may take its time for.
const fastStopSeconds = 30;
// Immediate: nothing is written; the next start recovers from the write-ahead log.
const immediateStopSeconds = 10;
// The server takes its pid file away, which pg_ctl goes by, a moment before its process ends.
const lastMomentMs = 5_000;
const pollMs = 20;

/**
 * Stop a server: fast, and if that does not end in time, immediately. Does nothing when it is gone.
 * @throws EmbeddedPostgresError after 50 s at most when it is still there.
 */
export async function stopServer(programs: ServerPrograms, dataDir: string, pid: number): Promise<void> {
  const attempts = [
    ["fast", fastStopSeconds],
    ["immediate", immediateStopSeconds],
  ] as const;
  let said = "";
  for (const [mode, seconds] of attempts) {
    if (!(await isPostmasterRunning(pid, dataDir))) return;
    const args = ["stop", "-w", "-s", "-m", mode, "-t", String(seconds)];
    const { exitCode, output } = await runProgram(programs, "pg_ctl", args, { env: { PGDATA: dataDir } });
    if (exitCode === 0) await waitForEnd(pid, dataDir);
    said = output.trim();
  }
  if (await isPostmasterRunning(pid, dataDir)) {
    throw new EmbeddedPostgresError(
      `PostgreSQL (pid ${pid}) in ${dataDir} does not stop: ${tellingLine(said)}`,
    );
  }
}

async function waitForEnd(pid: number, dataDir: string): Promise<void> {
  const deadline = Date.now() + lastMomentMs;
  while (Date.now() < deadline && (await isPostmasterRunning(pid, dataDir))) await delay(pollMs);
}
