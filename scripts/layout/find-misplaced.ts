import type { SourceFile } from "./source-file.ts";

const MAX_FILES = 20;

/** Find folders with too many source files beside each other. */
export function findCrowdedFolders(sourceFiles: readonly SourceFile[]): string[] {
  const counts = new Map<string, number>();
  for (const { path } of sourceFiles) {
    if (path.endsWith(".test.ts")) continue;
    const folder = path.slice(0, path.lastIndexOf("/"));
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > MAX_FILES)
    .map(([folder, count]) => `${folder}: ${count} source files beside each other, at most ${MAX_FILES}`);
}

/** Find sources that ask which queue server it is, outside the folder that may. */
export function findQuestions(sourceFiles: readonly SourceFile[]): string[] {
  return sourceFiles
    .filter(({ path }) => !path.startsWith("packages/queue/src/backend/") && !path.endsWith(".test.ts"))
    .filter(({ text }) => /backendKindOf|\bkind [!=]== "(redis|postgres)"/.test(text))
    .map(({ path }) => `${path}: asks which queue server it is: only packages/queue/src/backend may`);
}
