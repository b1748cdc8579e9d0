import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";

interface Manifest {
  readonly files: readonly { readonly file: string; readonly lines: number; readonly sha256: string }[];
}

/** Read a vector file, after checking it against the manifest. */
export function readVectors<T>(file: string): T[] {
  const manifest = JSON.parse(read("MANIFEST.json").toString()) as Manifest;
  const entry = manifest.files.find((candidate) => candidate.file === file);
  const bytes = read(file);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const lines = bytes.toString().trimEnd().split("\n");
  if (entry?.sha256 !== sha256 || entry.lines !== lines.length)
    throw new Error(`${file} is not what the manifest says`);
  return lines.map((line) => JSON.parse(line) as T);
}

const read = (file: string): Buffer => readFileSync(new URL(file, import.meta.url));
