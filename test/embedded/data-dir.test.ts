import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { finishedMarker } from "@turnpike/embedded/data-dir/inspect-data-dir";
import { startEmbeddedPostgres } from "@turnpike/embedded/start-embedded-postgres";
import { expect, test } from "vitest";
import { waitUntil } from "../support/wait-until.ts";
import { useDataDirs } from "./use-data-dirs.ts";

const dataDirs = useDataDirs();

test("a first start that is killed at any moment leaves nothing that is mistaken for a database", async () => {
  const folder = await dataDirs.makeFolder();
  const dataDir = join(folder, "data");
  const owner = dataDirs.launch([dataDir]);
  await waitUntil(
    async () => {
      const temporary = (await readdir(folder)).find((name) => name.startsWith("data.init-"));
      return temporary !== undefined && (await readdir(join(folder, temporary))).includes("PG_VERSION");
    },
    { what: "initdb is at work" },
  );
  await owner.kill("SIGKILL");
  const next = await dataDirs.own(dataDir);
  expect(next.visits).toBe(1);
  expect(await readdir(folder)).toEqual(["data", "data.log"]);
});

test("a half-made directory is moved aside and made anew", async () => {
  const folder = await dataDirs.makeFolder();
  const dataDir = join(folder, "data");
  await mkdir(join(dataDir, "base"), { recursive: true });
  await mkdir(join(dataDir, "global"));
  await writeFile(join(dataDir, "PG_VERSION"), "18\n");
  expect((await dataDirs.own(dataDir)).visits).toBe(1);
  expect(await readdir(folder)).toEqual(["data", expect.stringMatching(/^data\.half-made-/), "data.log"]);
});

test("an empty folder, and a link to one, will do", async () => {
  const folder = await dataDirs.makeFolder();
  await mkdir(join(folder, "disk"));
  await symlink(join(folder, "disk"), join(folder, "data"));
  const first = await dataDirs.own(join(folder, "data"));
  expect(first.dataDir).toBe(join(folder, "disk"));
  await first.process.kill("SIGKILL");
  expect((await dataDirs.own(join(folder, "data"))).pid).toBe(first.pid);
});

test("a folder with somebody's files is refused and left as it is", async () => {
  const dataDir = await dataDirs.makeFolder();
  await writeFile(join(dataDir, "thesis.txt"), "draft");
  await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(/holds files that are not.*DATABASE_URL/);
  expect(await readdir(dataDir)).toEqual(["thesis.txt"]);
});

test("a database of another major version is refused by name and left as it is", async () => {
  const folder = await dataDirs.makeFolder();
  const dataDir = join(folder, "data");
  await mkdir(dataDir);
  await writeFile(join(dataDir, "PG_VERSION"), "17\n");
  await writeFile(join(dataDir, finishedMarker), "");
  await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(
    /was made by PostgreSQL 17, and this is PostgreSQL 18\.\d+/,
  );
  expect(await readFile(join(dataDir, "PG_VERSION"), "utf8")).toBe("17\n");
});

test("a copy of a data directory is a database of its own, also while the original is served", async () => {
  const folder = await dataDirs.makeFolder();
  const first = await dataDirs.own(join(folder, "data"));
  await first.process.kill("SIGTERM");
  await cp(join(folder, "data"), join(folder, "copy"), { recursive: true });
  const original = await dataDirs.own(join(folder, "data"));
  // As if the copy had been made while the server ran.
  await cp(join(folder, "data", "postmaster.pid"), join(folder, "copy", "postmaster.pid"));
  const copy = await dataDirs.own(join(folder, "copy"));
  expect(copy.pid).not.toBe(original.pid);
  expect(copy.visits).toBe(2);
});
