import { describe, expect, it } from "vitest";
import { findCrowdedFolders, findQuestions } from "./find-misplaced.ts";
import { findImportLoops } from "./find-import-loops.ts";
import { findLongLines } from "./find-long-lines.ts";
import { findMissingPaths } from "./find-missing-paths.ts";

const file = (path: string, text = "") => ({ path, text });

describe("the layout", () => {
  it("has no import loop, types and other packages included", () => {
    const a = file("packages/store/src/a.ts", 'import type { B } from "./b/b.ts";');
    const b = file("packages/store/src/b/b.ts", 'export { c } from "@turnpike/queue/c";');
    const c = file("packages/queue/src/c.ts", 'const a = await import("@turnpike/store/a");');
    expect(findImportLoops([a, b, file(c.path)])).toEqual([]);
    expect(findImportLoops([a, b, c])).toEqual([[a.path, b.path, c.path, a.path]]);
  });

  it("has at most 20 source files in a folder, tests not counted", () => {
    const files = Array.from({ length: 20 }, (_unused, index) => file(`packages/a/src/f${index}.ts`));
    const test = file("packages/a/src/f0.test.ts");
    expect(findCrowdedFolders([...files, test, file("packages/a/src/b/g.ts")])).toEqual([]);
    expect(findCrowdedFolders([...files, file("packages/a/src/g.ts")])).toEqual([
      "packages/a/src: 21 source files beside each other, at most 20",
    ]);
  });

  it("asks for the queue server in its folder only", () => {
    const text = 'if (backend.kind === "redis") return;';
    expect(findQuestions([file("packages/queue/src/backend/a.ts", text)])).toEqual([]);
    expect(findQuestions([file("apps/worker/src/a.ts", text)])).toHaveLength(1);
  });

  it("names no path that does not exist, in Markdown or in a comment", () => {
    const there = [file("packages/store/src/read/a.ts"), file("test/queue/b.test.ts"), file("docs/c.md")];
    const text =
      "See `packages/store/src/read/a.ts`, `store/read/a.ts`, `queue/b.test.ts`, `c.md` and `a.ts`.";
    expect(findMissingPaths([...there, file("docs/d.md", text)])).toEqual([]);
    const wrong = "x\nSee `store/a.ts` and `gone.md`.";
    expect(findMissingPaths([...there, file("docs/d.md", wrong)])).toEqual([
      "docs/d.md:2: there is no store/a.ts",
      "docs/d.md:2: there is no gone.md",
    ]);
    const source = 'const text = "`gone.ts`";\n// See `gone.ts`.\n/* And `layout.test.ts`. */';
    expect(findMissingPaths([...there, file("packages/store/src/layout.test.ts", source)])).toEqual([
      "packages/store/src/layout.test.ts:2: there is no gone.ts",
    ]);
  });

  it("has no line of Markdown over 160 characters outside of tables and code", () => {
    const long = `word ${"x".repeat(160)}`;
    const exempt = ["```", long, "```", `| ${long} |`, `https://example.com/${"x".repeat(160)}`].join("\n");
    expect(findLongLines(file("a.md", exempt))).toEqual([]);
    expect(findLongLines(file("a.md", `${exempt}\n${long}`))).toEqual([
      "a.md:6: 165 characters, at most 160",
    ]);
  });
});
