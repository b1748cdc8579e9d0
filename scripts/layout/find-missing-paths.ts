import { posix } from "node:path";
import type { SourceFile } from "./source-file.ts";

const COMMENT = /\/\*[\s\S]*?\*\/|(?:^|\s)\/\/.*/g;
// What stands in backticks and is called like one of our files.
const PATH = /`([\w@.-]+(?:\/[\w.@-]+)*\.(?:ts|mts|mjs|js|md))`/g;

/**
 * Find paths in Markdown and in comments that lead to no file. A path is looked for from the root, from the file that names it, in `test`,
 * and as `PACKAGE/REST` in the package's sources; a bare name anywhere.
 */
export function findMissingPaths(files: readonly SourceFile[]): string[] {
  const paths = new Set(files.map(({ path }) => path));
  const names = new Set(files.map(({ path }) => posix.basename(path)));
  const isThere = (named: string, from: string): boolean =>
    named.includes("/")
      ? [named, posix.join(posix.dirname(from), named), `test/${named}`, ...inSources(named)].some((path) =>
          paths.has(path),
        )
      : names.has(named);
  return files.flatMap(({ path, text }) =>
    proseOf(path, text).flatMap(([named, line]) =>
      isThere(named, path) ? [] : [`${path}:${line}: there is no ${named}`],
    ),
  );
}

function inSources(named: string): string[] {
  const [first = "", ...rest] = named.split("/");
  const inside = rest[0] === "src" ? rest.slice(1).join("/") : rest.join("/");
  return ["packages", "apps"].map((folder) => `${folder}/${first}/src/${inside}`);
}

function proseOf(path: string, text: string): [named: string, line: number][] {
  const pieces = path.endsWith(".md")
    ? [{ start: 0, piece: text }]
    : [...text.matchAll(COMMENT)].map((match) => ({ start: match.index, piece: match[0] }));
  return pieces.flatMap(({ start, piece }) =>
    [...piece.matchAll(PATH)].map((match): [string, number] => [
      match[1] ?? "",
      text.slice(0, start + match.index).split("\n").length,
    ]),
  );
}
