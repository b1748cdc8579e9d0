import type { SourceFile } from "./source-file.ts";

const MAX_CHARS = 160;

/** Find lines of Markdown that are too long, but for tables, code and links that stand alone. */
export function findLongLines({ path, text }: SourceFile): string[] {
  const findings: string[] = [];
  let isCode = false;
  text.split("\n").forEach((line, index) => {
    if (/^\s*(```|~~~)/.test(line)) isCode = !isCode;
    const isExempt = isCode || /^\s*\|/.test(line) || /^\s*\S+$/.test(line);
    if (!isExempt && line.length > MAX_CHARS)
      findings.push(`${path}:${index + 1}: ${line.length} characters, at most ${MAX_CHARS}`);
  });
  return findings;
}
