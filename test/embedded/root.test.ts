/** What holds only where the tests run as root, as in most containers: elsewhere this file has one case, which says so. */
import { chmod, chown, cp, lstat, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findNativeDir } from "@turnpike/embedded/server/find-native-dir";
import { findServerUser, isRoot } from "@turnpike/embedded/server/server-user";
import { sideFolderOf } from "@turnpike/embedded/data-dir/side-folder";
import { expect, onTestFinished, test } from "vitest";
import { useDataDirs } from "./use-data-dirs.ts";

const dataDirs = useDataDirs();

interface Case {
  readonly name: string;
  readonly run: () => Promise<void>;
}

const home = { HOME: "/tmp", TMPDIR: "/tmp" };

const rootCases: Case[] = [
  {
    name: "the server runs as another user, who owns the data",
    async run() {
      const user = await findServerUser(undefined);
      const owner = await dataDirs.own(join(await dataDirs.makeFolder(), "data"));
      expect((await lstat(`/proc/${owner.pid}`)).uid).toBe(user.uid);
      expect((await lstat(owner.dataDir)).uid).toBe(user.uid);
    },
  },
  {
    name: "data that root copied are given to that user",
    async run() {
      const folder = await dataDirs.makeFolder();
      const first = await dataDirs.own(join(folder, "data"));
      await first.process.kill("SIGTERM");
      await cp(first.dataDir, join(folder, "copy"), { recursive: true });
      await chmod(join(folder, "copy"), 0o700);
      expect((await lstat(join(folder, "copy"))).uid).toBe(0);
      expect((await dataDirs.own(join(folder, "copy"))).visits).toBe(2);
    },
  },
  {
    name: "in a folder that others cannot enter, data and binaries are kept under /var/tmp and found again",
    async run() {
      const folder = await dataDirs.makeFolder();
      const nativeDir = join(folder, "native");
      await cp(findNativeDir(process.platform, process.arch), nativeDir, { recursive: true });
      await chmod(folder, 0o700);
      const dataDir = join(folder, "data");
      const side = sideFolderOf(dataDir);
      onTestFinished(() => rm(side, { recursive: true, force: true, maxRetries: 20 }));
      const first = await dataDirs.own(dataDir, { nativeDir });
      expect(first.dataDir).toBe(join(side, "data"));
      expect(first.process.output()).toContain(`the database is kept in ${first.dataDir}`);
      expect(await readdir(side)).toEqual(["data", "data.log", expect.stringMatching(/^native-\w{8}$/)]);
      const stats = await lstat(side);
      expect([stats.uid, stats.mode & 0o777]).toEqual([0, 0o710]);
      await first.process.kill("SIGTERM");
      // Where it was once made it stays, also when the folder opens up.
      await chmod(folder, 0o755);
      expect(await dataDirs.own(dataDir, { nativeDir })).toMatchObject({ dataDir: first.dataDir, visits: 2 });
    },
  },
  {
    name: "a folder under /var/tmp that somebody else made is refused",
    async run() {
      const folder = await dataDirs.makeFolder();
      await chmod(folder, 0o700);
      const side = sideFolderOf(join(folder, "data"));
      onTestFinished(() => rm(side, { recursive: true }));
      await mkdir(side);
      await chown(side, 65_534, 65_534);
      const owner = dataDirs.launch([join(folder, "data")]);
      await owner.waitForLine(
        /^failed: EmbeddedPostgresError: \/var\/tmp\/turnpike-\w+ was made by somebody else/,
      );
    },
  },
  {
    name: "a database whose folder was closed to others is not silently replaced by an empty one",
    async run() {
      const folder = await dataDirs.makeFolder();
      const first = await dataDirs.own(join(folder, "data"));
      await first.process.kill("SIGTERM");
      await chmod(folder, 0o700);
      const owner = dataDirs.launch([join(folder, "data")]);
      await owner.waitForLine(/^failed: .* cannot enter the folder of the database/);
    },
  },
  {
    name: "another user than root runs the server as itself",
    async run() {
      const { uid, gid } = await findServerUser(undefined);
      const folder = await dataDirs.makeFolder();
      await chown(folder, uid, gid);
      const owner = await dataDirs.own(join(folder, "data"), { uid, gid, env: home });
      expect((await lstat(owner.dataDir)).uid).toBe(uid);
      await owner.process.kill("SIGTERM");
      // Root goes on as the user whom the database belongs to.
      expect((await dataDirs.own(join(folder, "data"))).visits).toBe(2);
    },
  },
  {
    name: "where node_modules cannot be written, the libraries are linked in a folder beside the data",
    async run() {
      const { uid, gid } = await findServerUser(undefined);
      const folder = await dataDirs.makeFolder();
      const nativeDir = join(folder, "native");
      await cp(findNativeDir(process.platform, process.arch), nativeDir, {
        recursive: true,
        verbatimSymlinks: true,
      });
      for (const name of await readdir(join(nativeDir, "lib"))) {
        const path = join(nativeDir, "lib", name);
        if ((await lstat(path)).isSymbolicLink()) await rm(path);
      }
      await mkdir(join(folder, "mine"));
      await chown(join(folder, "mine"), uid, gid);
      const owner = await dataDirs.own(join(folder, "mine", "data"), { nativeDir, uid, gid, env: home });
      expect(await readdir(join(folder, "mine"))).toEqual(["data", "data.lib", "data.log"]);
      expect(owner.visits).toBe(1);
    },
  },
  {
    name: "a user without a passwd entry is told to bring a server of its own",
    async run() {
      const folder = await dataDirs.makeFolder();
      await chown(folder, 54_321, 54_321);
      const owner = dataDirs.launch([join(folder, "data")], { uid: 54_321, gid: 54_321, env: home });
      await owner.waitForLine(
        /^failed: .*uid 54321, which has no entry in the passwd database.*DATABASE_URL/,
      );
    },
  },
  {
    name: "a folder that the user may not write to is named",
    async run() {
      const { uid, gid } = await findServerUser(undefined);
      const folder = await dataDirs.makeFolder();
      await writeFile(join(folder, "marker"), "");
      const owner = dataDirs.launch([join(folder, "data")], { uid, gid, env: home });
      await owner.waitForLine(/^failed: .*EACCES.*DATABASE_URL/);
    },
  },
];

const otherCases: Case[] = [
  { name: "the server runs as the user of the tests", run: async () => expect(isRoot()).toBe(false) },
];

const who = isRoot() ? "as root" : "not as root, so without the cases of root";

test.each((isRoot() ? rootCases : otherCases).map(({ name, run }) => [name, run] as const))(
  `${who}: %s`,
  (_, run) => run(),
);
