/**
 * A folder under /var/tmp for a server of root's whose own place is out of reach for the user that it runs as. Anybody may
 * make folders there, so ours is used only when root made it: it stays root's, lets the server's group pass and nobody else
 * in, and what root does inside cannot be redirected by a planted link.
 */
import { createHash } from "node:crypto";
import { chmod, chown, lstat, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { EmbeddedPostgresError } from "../embedded-postgres-error.ts";
import { isErrno } from "../is-errno.ts";
import type { ServerUser } from "../server/server-user.ts";

// Unlike /tmp, /var/tmp outlives a restart of the machine.
const sideRoot = "/var/tmp";
const groupOrOthersMayWrite = 0o022;

/** Name the side folder that belongs to a data directory; it need not exist. */
export function sideFolderOf(requestedDir: string): string {
  const digest = createHash("sha256").update(requestedDir).digest("hex");
  return join(sideRoot, `turnpike-${digest.slice(0, 16)}`);
}

/**
 * Make a side folder, or take it again, so that the server's user can pass through it.
 * @throws EmbeddedPostgresError when somebody other than the user of this process made it.
 */
export async function openSideFolder(path: string, user: ServerUser): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (!isErrno(error, "EEXIST")) throw error;
  }
  await checkSideFolder(path);
  await chown(path, 0, user.gid);
  await chmod(path, 0o710);
}

/**
 * Check that a side folder is ours.
 * @returns whether it exists.
 * @throws EmbeddedPostgresError when somebody other than the user of this process made it.
 */
export async function checkSideFolder(path: string): Promise<boolean> {
  try {
    const stats = await lstat(path);
    const isOurs = stats.isDirectory() && stats.uid === process.getuid?.();
    if (isOurs && (stats.mode & groupOrOthersMayWrite) === 0) return true;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return false;
    throw error;
  }
  throw new EmbeddedPostgresError(
    `${path} was made by somebody else, so no database is kept there. Remove it, or choose a data directory ` +
      "whose parent folders every user may enter.",
  );
}
