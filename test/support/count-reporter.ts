/**
 * Ends every test run with the plain line `N passed, N failed`, the last of its output. Nothing that went wrong is left out: a
 * file that does not load, a hook that throws and an unhandled error each count as one failure, and so does a run that ends
 * with an error for any other reason. Above it stands a line for each failure, for logs of which only the end is kept.
 */
import { writeSync } from "node:fs";
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite } from "vitest/node";

const MAX_REASON_LENGTH = 200;

/** What became of the tests of a run. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Make the reporter. It prints when the process exits, after every other reporter and the global tear-down. */
export function createCountReporter(): Reporter {
  let counts: TestCounts = { passed: 0, failed: 0, skipped: 0 };
  let failures: readonly string[] = [];
  return {
    onInit() {
      process.once("exit", (exitCode) => {
        if (exitCode !== 0 && counts.failed === 0) counts.failed = 1;
        writeSync(process.stdout.fd, [...failures, formatCounts(counts), ""].join("\n"));
      });
    },
    onTestRunEnd(modules, unhandledErrors) {
      failures = listFailures(modules, unhandledErrors);
      counts = { ...countTests(modules), failed: failures.length };
    },
  };
}

/** Sum up the tests of all projects. A test that is still pending was never run. */
function countTests(modules: readonly TestModule[]): Omit<TestCounts, "failed"> {
  const states = modules.flatMap((module) =>
    [...module.children.allTests()].map((test) => test.result().state),
  );
  const passed = states.filter((state) => state === "passed").length;
  const failed = states.filter((state) => state === "failed").length;
  return { passed, skipped: states.length - passed - failed };
}

/** A line for each failed test, each file and group of tests with an error of its own, and each unhandled error. */
function listFailures(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): string[] {
  const lines = modules.flatMap((module) => {
    const groups: readonly (TestModule | TestSuite)[] = [module, ...module.children.allSuites()];
    const tests = [...module.children.allTests("failed")];
    return [
      ...groups
        .filter((group) => group.errors().length > 0)
        .map((group) => formatFailure(group, group.errors())),
      ...tests.map((test) => formatFailure(test, test.result().errors ?? [])),
    ];
  });
  return [...lines, ...unhandledErrors.map((error) => `failed: unhandled error: ${reasonOf([error])}`)];
}

function formatFailure(of: TestModule | TestSuite | TestCase, errors: readonly SerializedError[]): string {
  const module = of.type === "module" ? of : of.module;
  const names = [of.project.name, module.relativeModuleId, of.type === "module" ? "" : of.fullName];
  return `failed: ${names.filter((name) => name !== "").join(" > ")}: ${reasonOf(errors)}`;
}

/** The first line of the first error. */
function reasonOf([error]: readonly SerializedError[]): string {
  const [line] = (error?.message ?? "no reason given").split("\n");
  return (line ?? "").slice(0, MAX_REASON_LENGTH);
}

/** Write the line; skipped tests are named only when there are any. */
export function formatCounts({ passed, failed, skipped }: TestCounts): string {
  const line = `${passed} passed, ${failed} failed`;
  return skipped > 0 ? `${line}, ${skipped} skipped` : line;
}
