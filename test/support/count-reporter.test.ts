import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { formatCounts } from "./count-reporter.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;

beforeEach(async () => {
  // Inside the project, so that the suites below find vitest.
  folder = await mkdtemp(join(root, "node_modules", ".count-reporter-"));
  const reporter = JSON.stringify(join(root, "test/support/count-reporter.ts"));
  await writeFile(
    join(folder, "vitest.config.ts"),
    `import { createCountReporter } from ${reporter};
     export default { test: { reporters: ["default", createCountReporter()], projects: [
       { test: { name: "one", include: ["one/*.test.ts"] } },
       { test: { name: "two", include: ["**/*.test.ts"], exclude: ["one/**"] } } ] } };`,
  );
});

afterEach(() => rm(folder, { recursive: true }));

/** Run vitest on files with the given texts, and return what it says. */
async function linesOf(...texts: string[]): Promise<string[]> {
  const imports = 'import { beforeAll, describe, expect, test } from "vitest";\n';
  for (const [index, text] of texts.entries()) {
    await writeFile(join(folder, `file-${index}.test.ts`), imports + text);
  }
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const env = { ...process.env, NO_COLOR: "1" };
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, [vitest, "run", "--root", folder], { env }, (_, stdout) => resolve(stdout));
  });
  return output.trimEnd().split("\n");
}

async function lastLineOf(...texts: string[]): Promise<string | undefined> {
  return (await linesOf(...texts)).at(-1);
}

test("the last line counts the tests of all files", async () => {
  const good = 'test("a", () => {}); test("b", () => {});';
  expect(await lastLineOf(good, good)).toBe("4 passed, 0 failed");
});

test("failed tests are counted, and skipped ones are not hidden", async () => {
  const mixed = 'test("a", () => {}); test("b", () => expect(1).toBe(2)); test.skip("c", () => {});';
  expect(await lastLineOf(mixed)).toBe("1 passed, 1 failed, 1 skipped");
});

test("a file that does not load is a failure", async () => {
  expect(await lastLineOf('test("a", () => {});', 'throw new Error("no");')).toBe("1 passed, 1 failed");
});

test("a hook that throws is a failure", async () => {
  const hook = 'describe("d", () => { beforeAll(() => { throw new Error("no"); }); test("a", () => {}); });';
  expect(await lastLineOf(hook)).toBe("0 passed, 1 failed, 1 skipped");
});

test("an unhandled error is a failure", async () => {
  const unhandled =
    'test("a", async () => { void Promise.reject(new Error("no")); await new Promise((r) => setImmediate(r)); });';
  expect(await lastLineOf(unhandled)).toBe("1 passed, 1 failed");
});

test("above the last line stands what failed, and why, a line each", async () => {
  const bad = 'describe("d", () => { test("b", () => { throw new Error("too\\nlong"); }); });';
  const hook = 'describe("e", () => { beforeAll(() => { throw new Error("no"); }); test("a", () => {}); });';
  const unhandled =
    'test("c", async () => { void Promise.reject(new Error("late")); await new Promise((r) => setImmediate(r)); });';
  const lines = await linesOf(bad, hook, unhandled, 'throw new Error("not loaded");');
  expect(lines.slice(-5)).toEqual([
    "failed: two > file-0.test.ts > d > b: too",
    "failed: two > file-1.test.ts > e: no",
    "failed: two > file-3.test.ts: not loaded",
    "failed: unhandled error: late",
    "1 passed, 4 failed, 1 skipped",
  ]);
});

test("a run without tests is a failure", async () => {
  expect(await lastLineOf()).toBe("0 passed, 1 failed");
});

test("the line names skipped tests only when there are any", () => {
  expect(formatCounts({ passed: 3, failed: 0, skipped: 0 })).toBe("3 passed, 0 failed");
  expect(formatCounts({ passed: 3, failed: 0, skipped: 2 })).toBe("3 passed, 0 failed, 2 skipped");
});
