/**
 * The shared libraries of the shipped PostgreSQL are found under names that are symbolic links, which npm cannot pack:
 * an install script of the platform package makes them. Where scripts are off, they are made here. Two processes may do
 * this at once: a link is made whole or not at all, and finding it made is success.
 */
import { lstat, mkdir, readFile, rename, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { randomUUID } from "node:crypto";
import { isErrno } from "../is-errno.ts";

interface LibraryLink {
  /** File name of the library. */
  readonly file: string;
  /** Name under which programs look for it. */
  readonly link: string;
}

/**
 * Make the missing library links of an installation in place or, where it is read-only, all of them in a side folder.
 * Idempotent.
 * @returns the library path to run each program with; undefined when the links are in place.
 */
export async function linkLibraries(nativeDir: string, sideDir: string): Promise<string | undefined> {
  const libDir = join(nativeDir, "lib");
  const links = await readLinks(nativeDir);
  try {
    for (const { file, link } of links) {
      if (!(await exists(join(libDir, link)))) await makeLink(file, join(libDir, link));
    }
    return undefined;
  } catch (error) {
    if (!isErrno(error, "EACCES", "EPERM", "EROFS")) throw error;
  }
  await mkdir(sideDir, { recursive: true, mode: 0o755 });
  for (const { file, link } of links) await replaceLink(join(libDir, file), join(sideDir, link));
  // A library that is found through the side folder looks for its own libraries there, so the real ones are named too.
  return `${sideDir}:${libDir}`;
}

async function readLinks(nativeDir: string): Promise<LibraryLink[]> {
  let text: string;
  try {
    text = await readFile(join(nativeDir, "pg-symlinks.json"), "utf8");
  } catch (error) {
    // A platform whose libraries need no links ships no list.
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
  const entries = JSON.parse(text) as { source: string; target: string }[];
  return entries.map(({ source, target }) => ({ file: basename(source), link: basename(target) }));
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return false;
    throw error;
  }
}

async function makeLink(target: string, path: string): Promise<void> {
  try {
    await symlink(target, path);
  } catch (error) {
    if (!isErrno(error, "EEXIST")) throw error;
  }
}

// Over an old link too: the installation may have moved since the side folder was made.
async function replaceLink(target: string, path: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  await symlink(target, temporary);
  await rename(temporary, path);
}
