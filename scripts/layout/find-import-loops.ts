import { posix } from "node:path";
import type { SourceFile } from "./source-file.ts";

const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g;
const WORKSPACES: Readonly<Record<string, string>> = {
  ingest: "apps/ingest",
  worker: "apps/worker",
  timeline: "apps/timeline",
  cli: "apps/turnpike",
};

/** Find files that import each other in a circle, types included; each loop once, as a path that ends where it begins. */
export function findImportLoops(files: readonly SourceFile[]): string[][] {
  const known = new Set(files.map(({ path }) => path));
  const imports = new Map(
    files.map((file) => [file.path, importsOf(file).filter((path) => known.has(path))]),
  );
  const loops: string[][] = [];
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) loops.push([...trail.slice(at), path]);
    if (at >= 0 || done.has(path)) return;
    for (const next of imports.get(path) ?? []) walk(next, [...trail, path]);
    done.add(path);
  };
  for (const path of known) walk(path, []);
  return loops;
}

function importsOf({ path, text }: SourceFile): string[] {
  return [...text.matchAll(IMPORT)].map(([, specifier = ""]) => {
    if (specifier.startsWith(".")) return posix.join(posix.dirname(path), specifier);
    const [, workspace = "", ...rest] = specifier.split("/");
    return `${WORKSPACES[workspace] ?? `packages/${workspace}`}/src/${rest.join("/")}.ts`;
  });
}
