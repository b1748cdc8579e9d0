import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { findFreePort } from "@turnpike/embedded/server/find-free-port";
import { type NodeProcess, startNode } from "../support/start-node.ts";
import type { Bundles } from "../../test/support/build-bundles.ts";

// As in the Dockerfile.
const NODE_ARGS = ["--enable-source-maps"];
const PROFILE_DIR = fileURLToPath(new URL("../profiles/", import.meta.url));
const READY_WITHIN_MS = 20_000;
const POLL_MS = 20;
const TROUBLES = 3;

/** A bundled app that runs. */
export interface RunningApp extends NodeProcess {
  readonly url: string;
  /** The last lines of its log that tell of trouble. */
  readTroubles(): Promise<string[]>;
}

/** Start a bundled app by plain node, its log in a file, and wait until it is ready. */
export async function startAppBundle(options: {
  readonly app: "ingest" | "worker" | "timeline";
  /** Of the process, and of its log and profile. */
  readonly name: string;
  readonly bundles: Bundles;
  readonly logDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Names the profile when one is to be written. */
  readonly profileLabel?: string | undefined;
}): Promise<RunningApp> {
  const { app, name, bundles, logDir, env, profileLabel } = options;
  const port = await findFreePort();
  const logFile = join(logDir, `${name}.log`);
  const profiling = [
    "--cpu-prof",
    `--cpu-prof-dir=${PROFILE_DIR}`,
    `--cpu-prof-name=${profileLabel}-${name}.cpuprofile`,
  ];
  const process = startNode({
    name,
    entry: pathToFileURL(join(bundles.distDir, `${app}.mjs`)),
    env: { ...env, PORT: String(port), HOST: "127.0.0.1", LOG_LEVEL: "info" },
    nodeArgs: profileLabel === undefined ? NODE_ARGS : [...NODE_ARGS, ...profiling],
    logFile,
  });
  const url = `http://127.0.0.1:${port}`;
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!(await isReady(url))) {
    process.checkAlive();
    if (performance.now() > deadline) throw new Error(`${name} did not become ready`);
    await sleep(POLL_MS);
  }
  return {
    ...process,
    url,
    async readTroubles() {
      const lines = (await readFile(logFile, "utf8")).split("\n");
      return lines.filter((line) => /"level":"(warn|error|fatal)"/.test(line)).slice(-TROUBLES);
    },
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`)).ok;
  } catch {
    return false;
  }
}
