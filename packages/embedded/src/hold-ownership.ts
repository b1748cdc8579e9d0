/**
 * One turnpike at a time owns a data directory: it may stop the server. The proof is an advisory lock of a session in the
 * server itself, which vanishes with its holder however that ends; there is no lock file that could stay behind.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Sql } from "postgres";
import { connect } from "./connect.ts";
import { EmbeddedPostgresError } from "./embedded-postgres-error.ts";
import { isRunning } from "./is-running.ts";

/** The ownership of a data directory. */
export interface Ownership {
  /** The connection that holds the lock, in the database `postgres`. */
  readonly sql: Sql;
  /** Say that the connection is about to be lost on purpose. */
  expectClose(): void;
  /** Give the ownership up. Idempotent. */
  close(): Promise<void>;
}

// Two words that nothing else in the database `postgres` locks.
const lockClass = 1_953_853_040;
const lockObject = 1;
const namePrefix = "turnpike owner ";
const pollMs = 50;
// How long the server may take to notice that a holder was killed.
const lastHolderMs = 5000;
// How long the server may take to come back after one of its processes crashed.
const regainMs = 30_000;

/**
 * Take the ownership of the data directory behind a port, and keep it through crashes of the server's processes.
 * @throws EmbeddedPostgresError at once when another living process has it.
 */
export async function holdOwnership(
  port: number,
  dataDir: string,
  log: (line: string) => void,
): Promise<Ownership> {
  const closing = new AbortController();
  let isHeld = false;
  const onClose = (): void => {
    if (!isHeld || closing.signal.aborted) return;
    isHeld = false;
    void regain();
  };
  const sql = connect(port, { applicationName: `${namePrefix}${process.pid}`, onClose });

  // A crash of any of the server's processes ends every session, and with ours the lock.
  const regain = async (): Promise<void> => {
    const deadline = Date.now() + regainMs;
    while (!closing.signal.aborted && Date.now() < deadline) {
      try {
        isHeld = await tryLock(sql);
        if (!isHeld) log(`another turnpike has taken ${dataDir} over`);
        return;
      } catch {
        await delay(pollMs);
      }
    }
    if (!closing.signal.aborted) log(`the PostgreSQL in ${dataDir} is gone`);
  };

  const expectClose = (): void => closing.abort();
  const close = async (): Promise<void> => {
    expectClose();
    await sql.end({ timeout: 0 });
  };

  try {
    await takeLock(sql, dataDir);
    isHeld = true;
  } catch (error) {
    await close();
    throw error;
  }
  return { sql, expectClose, close };
}

async function takeLock(sql: Sql, dataDir: string): Promise<void> {
  const deadline = Date.now() + lastHolderMs;
  while (!(await tryLock(sql))) {
    const holder = await findHolder(sql);
    if ((holder !== undefined && (await isRunning(holder))) || Date.now() > deadline) {
      throw new EmbeddedPostgresError(
        `another turnpike (pid ${holder ?? "unknown"}) uses ${dataDir}. Stop it first, or name another folder.`,
      );
    }
    await delay(pollMs);
  }
}

async function tryLock(sql: Sql): Promise<boolean> {
  const rows = await sql<
    { taken: boolean }[]
  >`SELECT pg_try_advisory_lock(${lockClass}::int, ${lockObject}::int) AS taken`;
  return rows[0]?.taken === true;
}

/** The process id of the holder; undefined when the lock was given up meanwhile. */
async function findHolder(sql: Sql): Promise<number | undefined> {
  const rows = await sql<{ application_name: string }[]>`
    SELECT activity.application_name
    FROM pg_locks AS lock
    JOIN pg_stat_activity AS activity ON activity.pid = lock.pid
    WHERE lock.locktype = 'advisory' AND lock.granted
      AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND lock.classid::bigint = ${lockClass} AND lock.objid::bigint = ${lockObject} AND lock.objsubid = 2`;
  const pid = Number(rows[0]?.application_name.slice(namePrefix.length));
  return pid > 0 ? pid : undefined;
}
