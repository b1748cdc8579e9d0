import { createHash } from "node:crypto";
import { cp, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Place } from "../data-dir/choose-place.ts";
import { EmbeddedPostgresError, useOwnServer } from "../embedded-postgres-error.ts";
import { isErrno } from "../is-errno.ts";
import { linkLibraries } from "./link-libraries.ts";
import { runProgram, type ServerPrograms } from "./run-program.ts";
import { openSideFolder } from "../data-dir/side-folder.ts";

/** Programs that were seen to run. */
export interface PreparedPrograms {
  readonly programs: ServerPrograms;
  /** Such as `18.4`. */
  readonly version: string;
}

/**
 * Make the programs of an installation runnable for the user of a place: their libraries linked and, where he cannot reach
 * them, a copy (60 MB, made once) in the side folder.
 * @throws EmbeddedPostgresError when they do not run on this machine.
 */
export async function preparePrograms(
  nativeDir: string,
  place: Place,
  log: (line: string) => void,
): Promise<PreparedPrograms> {
  try {
    return await tryPrograms(nativeDir, place);
  } catch (error) {
    if (place.user === undefined || !isErrno(error, "EACCES")) throw explain(error, nativeDir);
  }
  await openSideFolder(place.sideFolder, place.user);
  const copy = await copyNative(nativeDir, place.sideFolder);
  log(`${place.user.name} cannot reach ${nativeDir}: PostgreSQL runs from a copy in ${copy}`);
  try {
    return await tryPrograms(copy, place);
  } catch (error) {
    throw explain(error, copy);
  }
}

async function tryPrograms(nativeDir: string, { dataDir, user }: Place): Promise<PreparedPrograms> {
  const libraryPath = await linkLibraries(nativeDir, `${dataDir}.lib`);
  const programs = { binDir: join(nativeDir, "bin"), libraryPath, user };
  const { exitCode, output } = await runProgram(programs, "postgres", ["--version"]);
  const version = /\d+(\.\d+)?/.exec(output)?.[0];
  if (exitCode !== 0 || version === undefined) throw new Error(output.trim());
  return { programs, version };
}

function explain(error: unknown, nativeDir: string): EmbeddedPostgresError {
  const reason = error instanceof Error ? error.message : String(error);
  return new EmbeddedPostgresError(
    `The PostgreSQL in ${nativeDir} does not run here (${reason}). On Linux it needs glibc, not musl. ${useOwnServer}`,
    { cause: error },
  );
}

async function copyNative(nativeDir: string, sideFolder: string): Promise<string> {
  const { mtimeMs, size } = await stat(join(nativeDir, "bin", "postgres"));
  const digest = createHash("sha256").update(`${nativeDir}\n${mtimeMs}\n${size}`).digest("hex");
  const copy = join(sideFolder, `native-${digest.slice(0, 8)}`);
  if (await exists(copy)) return copy;
  const temporary = await mkdtemp(`${copy}.copy-`);
  try {
    const whole = join(temporary, "native");
    await cp(nativeDir, whole, { recursive: true, verbatimSymlinks: true });
    await rename(whole, copy);
  } catch (error) {
    // Another process may have copied it at the same time.
    if (!isErrno(error, "ENOTEMPTY", "EEXIST")) throw error;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return copy;
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return false;
    throw error;
  }
}
