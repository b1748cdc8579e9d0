/**
 * As whom the server runs. PostgreSQL refuses root, so a process of root runs it as somebody else; everybody else runs it
 * as himself.
 */
import { execFile } from "node:child_process";
import { lstat } from "node:fs/promises";
import { userInfo } from "node:os";
import { promisify } from "node:util";
import { EmbeddedPostgresError, useOwnServer } from "../embedded-postgres-error.ts";

/** A user that root gives its rights up for. */
export interface ServerUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Tell whether this process is root's, and so may not run the server as itself. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * Check that initdb will know who it is.
 * @throws EmbeddedPostgresError when the user of this process has no passwd entry.
 */
export function checkOwnPasswdEntry(): void {
  try {
    userInfo();
  } catch {
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL cannot run as uid ${process.getuid?.()}, which has no entry in the passwd database. ` +
        useOwnServer,
    );
  }
}

/**
 * Find the user for a server of root's. A finished data directory goes on under the user who owns it (only the owner may
 * serve it, and it stays usable for him without root); anything else under `postgres` or else `nobody`.
 * @throws EmbeddedPostgresError when neither exists.
 */
export async function findServerUser(finishedDataDir: string | undefined): Promise<ServerUser> {
  if (finishedDataDir !== undefined) {
    const { uid, gid } = await lstat(finishedDataDir);
    if (uid !== 0) return { name: `uid ${uid}`, uid, gid };
  }
  const user = (await lookUpUser("postgres")) ?? (await lookUpUser("nobody"));
  if (user === undefined) {
    throw new EmbeddedPostgresError(
      "PostgreSQL refuses to run as root, and there is neither a user `postgres` nor a user `nobody` to run it as. " +
        `Start as another user. Or: ${useOwnServer}`,
    );
  }
  return user;
}

// By the program, not from /etc/passwd: users may come from a directory service.
async function lookUpUser(name: string): Promise<ServerUser | undefined> {
  const ask = async (flag: string): Promise<number> => {
    const { stdout } = await promisify(execFile)("id", [flag, name]);
    return Number(stdout.trim());
  };
  try {
    return { name, uid: await ask("-u"), gid: await ask("-g") };
  } catch {
    return undefined;
  }
}
