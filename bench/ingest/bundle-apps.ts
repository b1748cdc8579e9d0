import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The apps as they run in production. */
export interface Bundle {
  /** The folder's address, with a slash at the end. */
  readonly url: URL;
  remove(): Promise<void>;
}

/** Bundle the apps by the project's own script, into a temporary folder. */
export async function bundleApps(): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), "turnpike-bundle-"));
  const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const script = fileURLToPath(new URL("../../scripts/bundle.ts", import.meta.url));
  const removeNow = (): void => rmSync(folder, { recursive: true, force: true });
  process.once("exit", removeNow);
  const remove = async (): Promise<void> => {
    await rm(folder, { recursive: true, force: true });
    process.off("exit", removeNow);
  };
  try {
    await run(process.execPath, ["--import", loader, script, folder]);
  } catch (error) {
    await remove();
    throw error;
  }
  return { url: pathToFileURL(`${folder}/`), remove };
}
