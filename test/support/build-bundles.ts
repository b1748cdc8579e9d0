import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { killAtExit } from "./kill-at-exit.ts";

/** The bundles that run in production, in a folder of their own, which goes with this process at the latest. */
export interface Bundles {
  readonly distDir: string;
  remove(): void;
}

/** Build them. */
export async function buildBundles(): Promise<Bundles> {
  const distDir = await mkdtemp(join(tmpdir(), "turnpike-dist-"));
  const remove = (): void => rmSync(distDir, { recursive: true, force: true });
  process.once("exit", remove);
  const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const script = fileURLToPath(new URL("../../scripts/bundle.ts", import.meta.url));
  const building = promisify(execFile)(process.execPath, ["--import", loader, script, distDir]);
  const { pid } = building.child;
  const forget = killAtExit(() => (pid === undefined ? [] : [pid]));
  await building;
  forget();
  return { distDir, remove };
}
