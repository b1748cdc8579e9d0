import { defineConfig } from "vitest/config";
import { createCountReporter } from "./test/support/count-reporter.ts";

/**
 * Two projects, so that the pure tests need no service and can run alone: `vitest run --project unit`.
 * @public
 */
export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    retry: 0,
    teardownTimeout: 60_000,
    reporters: ["default", createCountReporter()],
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["packages/**/src/**/*.test.ts", "apps/**/src/**/*.test.ts"],
        },
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: ["test/**/*.test.ts"],
          globalSetup: ["test/support/global-setup.ts"],
          // Real processes on a busy two-core machine.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
