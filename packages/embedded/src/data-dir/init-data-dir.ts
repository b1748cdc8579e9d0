/**
 * Make the data directory on the first start. It is made in a sibling folder and renamed once whole, so an interrupted
 * initdb leaves nothing that could be mistaken for a database.
 */
import { chown, lchown, lstat, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { EmbeddedPostgresError, useOwnServer } from "../embedded-postgres-error.ts";
import { finishedMarker, inspectDataDir } from "./inspect-data-dir.ts";
import { isErrno } from "../is-errno.ts";
import { isRunning } from "../is-running.ts";
import { type ServerPrograms, runProgram } from "../server/run-program.ts";
import type { ServerUser } from "../server/server-user.ts";
import { tellingLine } from "../server/telling-line.ts";

const initdbArgs = [
  "-E",
  "UTF8",
  "--locale=C",
  "--no-sync",
  "--no-instructions",
  "-A",
  "trust",
  "-U",
  "postgres",
];

/**
 * See to it that a data directory is there, whole, and of the right version. Idempotent; two processes may do it at once. A
 * half-made directory is moved aside, never deleted.
 * @throws EmbeddedPostgresError when the folder holds something else, or initdb fails.
 */
export async function initDataDir(
  programs: ServerPrograms,
  serverVersion: string,
  dataDir: string,
  log: (line: string) => void,
): Promise<void> {
  await removeAbandoned(dataDir);
  const state = await inspectDataDir(dataDir);
  if (state === "foreign") {
    throw new EmbeddedPostgresError(
      `${dataDir} holds files that are not a database of turnpike. Name another folder, which need not exist. ` +
        `If a PostgreSQL of your own keeps its data there: ${useOwnServer}`,
    );
  }
  if (state === "half-made") {
    const aside = `${dataDir}.half-made-${Date.now()}`;
    await rename(dataDir, aside);
    log(`${dataDir} was half made: moved to ${aside}, which can be removed`);
  }
  if (state !== "finished") {
    log(`making a database in ${dataDir}`);
    await makeDataDir(programs, dataDir);
  }
  await checkVersion(serverVersion, dataDir);
  if (programs.user !== undefined) await giveDataDir(dataDir, programs.user);
}

async function makeDataDir(programs: ServerPrograms, dataDir: string): Promise<void> {
  const temporary = await mkdtemp(`${temporaryPrefix(dataDir)}${process.pid}-`);
  try {
    if (programs.user !== undefined) await chown(temporary, programs.user.uid, programs.user.gid);
    const { exitCode, output } = await runProgram(programs, "initdb", [...initdbArgs, "-D", temporary]);
    if (exitCode !== 0) {
      throw new EmbeddedPostgresError(
        `initdb could not make a database in ${dataDir}: ${tellingLine(output)}`,
      );
    }
    await writeFile(join(temporary, finishedMarker), "");
    await rename(temporary, dataDir);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    const isMadeByAnother = isErrno(error, "ENOTEMPTY", "EEXIST");
    if (isMadeByAnother && (await inspectDataDir(dataDir)) === "finished") return;
    if (isErrno(error, "EBUSY", "EXDEV")) {
      throw new EmbeddedPostgresError(
        `${dataDir} is a mount point, where no database can be made whole at once. Name a folder inside it.`,
        { cause: error },
      );
    }
    throw error;
  }
}

const temporaryPrefix = (dataDir: string): string => `${dataDir}.init-`;

/** Remove what interrupted first starts left beside the data directory, told by the process that it is named after. */
async function removeAbandoned(dataDir: string): Promise<void> {
  const prefix = basename(temporaryPrefix(dataDir));
  for (const name of await readdir(dirname(dataDir))) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    if (pid > 0 && !(await isRunning(pid))) await removeWhileWritten(join(dirname(dataDir), name));
  }
}

/** An initdb outlives the start that was killed, and goes on writing for a moment. What resists is left to a later start. */
async function removeWhileWritten(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  } catch (error) {
    if (!isErrno(error, "ENOTEMPTY", "EBUSY")) throw error;
  }
}

async function checkVersion(serverVersion: string, dataDir: string): Promise<void> {
  const dataVersion = (await readFile(join(dataDir, "PG_VERSION"), "utf8")).trim();
  if (dataVersion === serverVersion.split(".")[0]) return;
  throw new EmbeddedPostgresError(
    `The database in ${dataDir} was made by PostgreSQL ${dataVersion}, and this is PostgreSQL ${serverVersion}. ` +
      `Dump it with the version that made it and restore it into an empty folder, or name another folder. ` +
      `Or: ${useOwnServer}`,
  );
}

// A copy that root restored belongs to root; the server insists on owning its data. Links are not followed.
async function giveDataDir(dataDir: string, user: ServerUser): Promise<void> {
  if ((await lstat(dataDir)).uid === user.uid) return;
  for (const entry of await readdir(dataDir, { recursive: true })) {
    await lchown(join(dataDir, entry), user.uid, user.gid);
  }
  await lchown(dataDir, user.uid, user.gid);
}
