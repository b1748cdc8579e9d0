import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../is-errno.ts";

/** Name of the file that stands in a data directory once initdb has ended well. */
export const finishedMarker = "turnpike.finished";

// What initdb of PostgreSQL 14 to 18 makes; a folder with anything else in it holds somebody's files.
const madeByInitdb = new Set([
  "PG_VERSION",
  "base",
  "global",
  "pg_commit_ts",
  "pg_dynshmem",
  "pg_hba.conf",
  "pg_ident.conf",
  "pg_logical",
  "pg_multixact",
  "pg_notify",
  "pg_replslot",
  "pg_serial",
  "pg_snapshots",
  "pg_stat",
  "pg_stat_tmp",
  "pg_subtrans",
  "pg_tblspc",
  "pg_twophase",
  "pg_wal",
  "pg_xact",
  "postgresql.auto.conf",
  "postgresql.conf",
]);

/**
 * What a folder holds, as far as a database of ours goes. `half-made` has no marker and nothing but what initdb makes: it was
 * never served. `foreign` is anything else, a data directory of another server among it.
 */
export type DataDirState = "missing" | "finished" | "half-made" | "foreign";

/** Tell what a folder holds, without changing it. An empty folder counts as missing. */
export async function inspectDataDir(dataDir: string): Promise<DataDirState> {
  let names: string[];
  try {
    names = await readdir(dataDir);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return "missing";
    throw error;
  }
  if (names.length === 0) return "missing";
  if (names.includes(finishedMarker)) {
    await access(join(dataDir, "PG_VERSION"));
    return "finished";
  }
  return names.every((name) => madeByInitdb.has(name)) ? "half-made" : "foreign";
}
