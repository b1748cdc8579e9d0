import { setTimeout as delay } from "node:timers/promises";
import { isAppError } from "@turnpike/domain/errors";
import { databaseCodeOf } from "../connection/translate-error.ts";
import type { SurveyedTable } from "./survey-tables.ts";
import type { Run } from "../connection/with-session.ts";

// Behind us everybody queues, so we do not stand there for long. Longer than `deadlock_timeout` (1 s): after that an autovacuum
// that is in our way is cancelled.
const ATTEMPT_MS = 3_000;
// In between they all get through.
const PAUSE_MS = 1_000;

// lock_not_available, deadlock_detected
const inUse = new Set(["55P03", "40P01"]);

/**
 * Begin a transaction that has these tables to itself; what others have committed, its next statement sees. Tried again and
 * again for as long as is said.
 * @returns whether it has begun.
 */
export async function lockTables(
  run: Run,
  tables: readonly SurveyedTable[],
  waitMs: number,
): Promise<boolean> {
  const until = Date.now() + waitMs;
  for (;;) {
    try {
      await run("BEGIN ISOLATION LEVEL READ COMMITTED");
      await run(`SET LOCAL lock_timeout = ${Math.max(1, Math.min(ATTEMPT_MS, until - Date.now()))}`);
      await run(`LOCK TABLE ${tables.map(({ path }) => path).join(", ")} IN ACCESS EXCLUSIVE MODE`);
      await run("SET LOCAL lock_timeout = 0");
      return true;
    } catch (error) {
      await run("ROLLBACK");
      if (!isAppError(error) || !inUse.has(databaseCodeOf(error))) throw error;
      if (Date.now() + PAUSE_MS >= until) return false;
    }
    await delay(PAUSE_MS);
  }
}

/** Tell who uses these tables now: how many sessions, by the name that they gave themselves. */
export async function listHolders(run: Run, tables: readonly SurveyedTable[]): Promise<string[]> {
  const { rows } = await run<{ name: string; count: number }>(
    `SELECT coalesce(nullif(a.application_name, ''), 'without a name') AS name, count(DISTINCT a.pid)::int AS count
     FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE l.relation = ANY($1::oid[]) AND l.granted AND l.pid <> pg_backend_pid()
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
     GROUP BY 1 ORDER BY 1`,
    [tables.map(({ oid }) => oid)],
  );
  return rows.map(({ name, count }) => `${name} (${count})`);
}
