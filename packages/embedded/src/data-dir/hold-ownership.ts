/**
 * One turnpike at a time owns a data directory: it may stop the server. The proof is an advisory lock of a session in the
 * server itself, which vanishes with its holder however that ends; there is no lock file that could stay behind.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Sql } from "postgres";
import { connect } from "../connect.ts";
import { FolderInUseError } from "../embedded-postgres-error.ts";
import { isRunning } from "../is-running.ts";

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
// How long a process may take to end that was killed a moment ago, and still counts as running.
const dyingHolderMs = 1000;
// How long the server may take to notice that a holder is gone.
const lastHolderMs = 5000;

/**
 * Take the ownership of the data directory behind a port, and keep it for as long as the session lives. A crash of any of the
 * server's processes ends it.
 * @throws FolderInUseError after a second when another living process has it, after five when this one has.
 */
export async function holdOwnership(port: number, dataDir: string, onLost: () => void): Promise<Ownership> {
  let isHeld = false;
  const sql = connect(port, {
    applicationName: `${namePrefix}${process.pid}`,
    onClose() {
      if (!isHeld) return;
      isHeld = false;
      onLost();
    },
  });
  const expectClose = (): void => {
    isHeld = false;
  };
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
  const begunAt = Date.now();
  while (!(await tryLock(sql))) {
    const holder = await findHolder(sql);
    // Of our own process it may be a session that is ending.
    const isAnothers = holder !== undefined && holder !== process.pid && (await isRunning(holder));
    if (Date.now() - begunAt > (isAnothers ? dyingHolderMs : lastHolderMs)) {
      throw new FolderInUseError(
        holder === process.pid
          ? `this process uses ${dataDir} already.`
          : `another turnpike (pid ${holder ?? "unknown"}) uses ${dataDir}. Stop it first, or name another folder.`,
        holder,
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
