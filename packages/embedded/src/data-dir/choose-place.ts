import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { inspectDataDir } from "./inspect-data-dir.ts";
import { EmbeddedPostgresError } from "../embedded-postgres-error.ts";
import { asUser } from "../server/run-program.ts";
import { checkOwnPasswdEntry, findServerUser, isRoot, type ServerUser } from "../server/server-user.ts";
import { checkSideFolder, openSideFolder, sideFolderOf } from "./side-folder.ts";

/** Where the database is kept and as whom it is served. */
export interface Place {
  /** Absolute, without symbolic links up to its parent. It need not exist; its parent does. */
  readonly dataDir: string;
  /** Undefined: the user of this process. */
  readonly user: ServerUser | undefined;
  /** Where a copy of the binaries may go when the user cannot reach the installed ones. */
  readonly sideFolder: string;
}

/**
 * Decide where the database of a requested folder is kept: there, or in the side folder of root's when the user that the
 * server runs as cannot enter. Once decided, a database stays where it is.
 * @throws EmbeddedPostgresError when a database that exists can no longer be reached, or nobody can run the server.
 */
export async function choosePlace(requestedDir: string, log: (line: string) => void): Promise<Place> {
  const requested = await resolveDir(requestedDir);
  const sideFolder = sideFolderOf(requested);
  if (!isRoot()) {
    checkOwnPasswdEntry();
    return { dataDir: requested, user: undefined, sideFolder };
  }
  const sideDataDir = join(sideFolder, "data");
  if ((await checkSideFolder(sideFolder)) && (await isFinished(sideDataDir))) {
    const user = await findServerUser(sideDataDir);
    await openSideFolder(sideFolder, user);
    log(`the database of ${requested} is kept in ${sideDataDir}`);
    return { dataDir: sideDataDir, user, sideFolder };
  }
  const hasDatabase = await isFinished(requested);
  const user = await findServerUser(hasDatabase ? requested : undefined);
  if (await canEnter(user, dirname(requested))) return { dataDir: requested, user, sideFolder };
  if (hasDatabase) {
    throw new EmbeddedPostgresError(
      `PostgreSQL refuses to run as root, and ${user.name} cannot enter the folder of the database ${requested}. ` +
        "Let others enter its parent folders (chmod o+x), or start as the user who owns them.",
    );
  }
  await openSideFolder(sideFolder, user);
  log(`${user.name} cannot enter ${dirname(requested)}: the database is kept in ${sideDataDir}`);
  return { dataDir: sideDataDir, user, sideFolder };
}

async function resolveDir(path: string): Promise<string> {
  const absolute = resolve(path);
  await mkdir(dirname(absolute), { recursive: true });
  try {
    return await realpath(absolute);
  } catch {
    return join(await realpath(dirname(absolute)), basename(absolute));
  }
}

async function isFinished(dataDir: string): Promise<boolean> {
  return (await inspectDataDir(dataDir)) === "finished";
}

async function canEnter(user: ServerUser, dir: string): Promise<boolean> {
  const child = spawn("/bin/sh", ["-c", 'cd -- "$1"', "sh", dir], {
    cwd: "/",
    stdio: "ignore",
    ...asUser(user),
  });
  const [exitCode] = await once(child, "exit");
  return exitCode === 0;
}
