/**
 * Checks what no linter knows of: import loops, crowded folders, questions about the queue server outside its folder, paths that do not
 * exist, and long lines of Markdown. `npm run check` runs it; it prints one line per finding and exits 1 when there is any.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { findImportLoops } from "./layout/find-import-loops.ts";
import { findCrowdedFolders, findQuestions } from "./layout/find-misplaced.ts";
import { findLongLines } from "./layout/find-long-lines.ts";
import { findMissingPaths } from "./layout/find-missing-paths.ts";
import type { SourceFile } from "./layout/source-file.ts";

const root = resolve(process.argv[2] ?? ".");
const files = await readFiles(root);
const code = files.filter(({ path }) => /^(apps|packages|bench|scripts|test)\/.*\.ts$/.test(path));
const sources = code.filter(({ path }) => !path.startsWith("test/"));
const products = sources.filter(({ path }) => /^(apps|packages)\//.test(path));
const findings = [
  ...findImportLoops(code).map((loop) => `import loop: ${loop.join(" -> ")}`),
  ...findCrowdedFolders(sources),
  ...findQuestions(products),
  ...findMissingPaths(files),
  ...files.filter(({ path }) => path.endsWith(".md")).flatMap(findLongLines),
];
for (const finding of findings) console.error(finding);
if (findings.length > 0) process.exitCode = 1;

async function readFiles(folder: string): Promise<SourceFile[]> {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: folder,
    encoding: "utf8",
  });
  const paths = listed
    .split("\n")
    .filter((path) => /\.(ts|mjs|js|md)$/.test(path) && existsSync(resolve(folder, path)));
  return Promise.all(
    paths.map(async (path) => ({ path, text: await readFile(resolve(folder, path), "utf8") })),
  );
}
