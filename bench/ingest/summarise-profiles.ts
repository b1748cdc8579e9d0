/** Reads CPU profiles: where a process spent its time itself, by function and by package, ids of the bundle mapped to sources. */
import { readdir, readFile, stat } from "node:fs/promises";
import { SourceMap } from "node:module";
import { fileURLToPath } from "node:url";

const PROFILE_DIR = new URL("../profiles/", import.meta.url);
const SHOWN = 25;
// Twice the profiler's interval. A longer gap is time in which the process did not have a core: nobody's own.
const MAX_DELTA_US = 2_000;

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
      readonly columnNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Describe the profiles that were written since a time, in Markdown. */
export async function summariseProfiles(sinceMs: number): Promise<string> {
  const files = await readdir(PROFILE_DIR).catch(() => []);
  const parts: string[] = [];
  for (const file of files.toSorted((left, right) => (left < right ? -1 : 1))) {
    const { mtimeMs } = await stat(new URL(file, PROFILE_DIR));
    if (mtimeMs >= sinceMs) parts.push(await summariseProfile(file));
  }
  return parts.join("\n");
}

async function summariseProfile(file: string): Promise<string> {
  const profile = JSON.parse(await readFile(new URL(file, PROFILE_DIR), "utf8")) as Profile;
  const maps = await readMaps(profile);
  const selfUs = new Map<number, number>();
  for (const [place, id] of profile.samples.entries()) {
    const us = Math.min(profile.timeDeltas[place] ?? 0, MAX_DELTA_US);
    selfUs.set(id, (selfUs.get(id) ?? 0) + us);
  }
  const byFunction = new Map<string, number>();
  const byPackage = new Map<string, number>();
  let busyUs = 0;
  for (const { id, callFrame } of profile.nodes) {
    const us = selfUs.get(id) ?? 0;
    if (callFrame.functionName === "(idle)") continue;
    busyUs += us;
    const source = sourceOf(callFrame, maps);
    const name = `${callFrame.functionName || "(anonymous)"} ${source}`;
    byFunction.set(name, (byFunction.get(name) ?? 0) + us);
    const owner = packageOf(source, callFrame.functionName);
    byPackage.set(owner, (byPackage.get(owner) ?? 0) + us);
  }
  const describe = (sums: ReadonlyMap<string, number>): string =>
    [...sums]
      .toSorted(([, left], [, right]) => right - left)
      .slice(0, SHOWN)
      .map(([name, us]) => `| ${name} | ${(us / 1_000).toFixed(0)} | ${((100 * us) / busyUs).toFixed(1)} |`)
      .join("\n");
  const head = "ms | % of busy |\n|---|---:|---:|";
  return `\n### ${file}\n\n| package | ${head}\n${describe(byPackage)}\n\n| function | ${head}\n${describe(byFunction)}\n`;
}

/** The bundle may be gone when the profile is read: then its own places are shown. */
async function readMaps(profile: Profile): Promise<Map<string, SourceMap>> {
  const urls = new Set(
    profile.nodes.map(({ callFrame }) => callFrame.url).filter((url) => url.endsWith(".mjs")),
  );
  const maps = new Map<string, SourceMap>();
  for (const url of urls) {
    const text = await readFile(`${fileURLToPath(url)}.map`, "utf8").catch(() => undefined);
    if (text !== undefined) maps.set(url, new SourceMap(JSON.parse(text)));
  }
  return maps;
}

function sourceOf(
  frame: Profile["nodes"][number]["callFrame"],
  maps: ReadonlyMap<string, SourceMap>,
): string {
  if (frame.url === "") return "";
  const entry = maps.get(frame.url)?.findEntry(frame.lineNumber, frame.columnNumber);
  if (entry === undefined || !("originalSource" in entry)) return `${frame.url}:${frame.lineNumber + 1}`;
  const source = entry.originalSource.replace(/^.*(?:node_modules\/|\/(?=(?:packages|apps)\/))/, "");
  return `${source}:${entry.originalLine + 1}`;
}

/** Native code has no source: its names say what it is. */
function packageOf(source: string, functionName: string): string {
  if (source === "") return functionName.startsWith("(") ? functionName : "(native)";
  if (source.startsWith("node:")) return source.replace(/:\d+$/, "");
  const found = /^(?:packages|apps|@[^/]+)\/[^/]+|^[^/:]+/.exec(source);
  return found?.[0] ?? source;
}
