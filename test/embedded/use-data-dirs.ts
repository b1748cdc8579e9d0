import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, inject } from "vitest";
import { type ProcessOptions, type TestProcess, useProcesses } from "../support/spawn.ts";

/** What an owner tells when its server answers. */
interface ReadyOwner {
  readonly process: TestProcess;
  readonly url: string;
  readonly port: number;
  /** Process id of the server. */
  readonly pid: number;
  readonly dataDir: string;
  /** How many owners the database has seen, this one included. */
  readonly visits: number;
}

/** Data directories and their owners, which are gone after each test. */
export interface DataDirs {
  /** Make an empty folder that everybody may enter, for data directories. */
  makeFolder(): Promise<string>;
  /** Start an owner and do not wait for anything. */
  launch(args: readonly string[], options?: ProcessOptions): TestProcess;
  /** Start an owner and wait until its server answers. */
  own(dataDir: string, options?: ProcessOptions & { readonly nativeDir?: string }): Promise<ReadyOwner>;
}

/** Get data directories for the tests of a file. Servers that outlived their owners are killed after each test. */
export function useDataDirs(): DataDirs {
  const processes = useProcesses();
  const owners: TestProcess[] = [];
  const dataDirs = new Set<string>();
  const folders: string[] = [];
  afterEach(async () => {
    for (const owner of owners.splice(0)) await owner.kill("SIGKILL");
    for (const dataDir of dataDirs) await killServer(dataDir);
    dataDirs.clear();
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, maxRetries: 20 });
  });

  const launch = (args: readonly string[], options: ProcessOptions = {}): TestProcess => {
    const owner = processes.start(new URL("./run-owner.ts", import.meta.url), { ...options, args });
    owners.push(owner);
    return owner;
  };

  return {
    launch,
    async makeFolder() {
      const folder = await mkdtemp(join(inject("runFolder"), "embedded-"));
      await chmod(folder, 0o755);
      folders.push(folder);
      return folder;
    },
    async own(dataDir, { nativeDir, ...options } = {}) {
      dataDirs.add(dataDir);
      const owner = launch(nativeDir === undefined ? [dataDir] : [dataDir, nativeDir], options);
      const [, text = ""] = await owner.waitForLine(/^ready: (.*)$/);
      const ready = JSON.parse(text) as Omit<ReadyOwner, "process">;
      dataDirs.add(ready.dataDir);
      return { ...ready, process: owner };
    },
  };
}

async function killServer(dataDir: string): Promise<void> {
  try {
    const pid = Number.parseInt(await readFile(join(dataDir, "postmaster.pid"), "utf8"), 10);
    if (pid > 0) process.kill(pid, "SIGQUIT");
  } catch {
    // It was stopped, or killed by the test.
  }
}
