/**
 * Ends every test run with the plain line `N passed, N failed`, the last of its output. Nothing that went wrong is left out: a
 * file that does not load, a hook that throws and an unhandled error each count as one failure, and so does a run that ends
 * with an error for any other reason.
 */
import { writeSync } from "node:fs";
import type { Reporter, SerializedError, TestModule, TestSuite } from "vitest/node";

/** What became of the tests of a run. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Make the reporter. It prints when the process exits, after every other reporter and the global tear-down. */
export function createCountReporter(): Reporter {
  let counts: TestCounts = { passed: 0, failed: 0, skipped: 0 };
  return {
    onInit() {
      process.once("exit", (exitCode) => {
        if (exitCode !== 0 && counts.failed === 0) counts.failed = 1;
        writeSync(process.stdout.fd, `${formatCounts(counts)}\n`);
      });
    },
    onTestRunEnd(modules, unhandledErrors) {
      counts = countTests(modules, unhandledErrors);
    },
  };
}

/** Sum up the tests of all projects. */
function countTests(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): TestCounts {
  const counts: TestCounts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
  for (const module of modules) {
    countErrors(module, counts);
    for (const suite of module.children.allSuites()) countErrors(suite, counts);
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      // A test that is still pending was never run.
      if (state === "passed" || state === "failed") counts[state] += 1;
      else counts.skipped += 1;
    }
  }
  return counts;
}

/** Write the line; skipped tests are named only when there are any. */
export function formatCounts({ passed, failed, skipped }: TestCounts): string {
  const line = `${passed} passed, ${failed} failed`;
  return skipped > 0 ? `${line}, ${skipped} skipped` : line;
}

// A failed test is counted itself; these are the errors of hooks and of loading.
function countErrors(task: TestModule | TestSuite, counts: TestCounts): void {
  if (task.errors().length > 0) counts.failed += 1;
}
