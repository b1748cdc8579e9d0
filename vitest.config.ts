import { defineConfig } from "vitest/config";
import { createCountReporter } from "./test/support/count-reporter.ts";

// What the statements mean must not depend on how the tables lie: these run on partitioned ones too.
const partitionedToo = [
  "append-only",
  "dead-letters",
  "delete-session",
  "delete-under-load",
  "event-store",
  "exactly-once",
  "ingest-events",
  "isolation",
  "ledger",
  "lineage",
  "rights.security",
  "session-facts",
  "statement-count",
].map((name) => `test/store/${name}.test.ts`);

const SLOW = "packages/**/src/**/*.slow.test.ts";
const BUNDLES = "test/support/bundle-setup.ts";

/**
 * What each project needs: `unit` and `slow` nothing, so they can run alone; the others start real services.
 * @public
 */
export default defineConfig({
  test: {
    pool: "forks",
    // One more than CI has cores: a good part of the tests waits for what is timed.
    maxWorkers: 3,
    retry: 0,
    teardownTimeout: 60_000,
    reporters: ["default", createCountReporter()],
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["packages/**/src/**/*.test.ts", "apps/**/src/**/*.test.ts", "scripts/**/*.test.ts"],
          exclude: [SLOW],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: "slow",
          include: [SLOW],
          // They take 30 MB each; a second on a machine that has nothing else to do.
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: ["test/**/*.test.ts"],
          exclude: ["test/faults/**"],
          globalSetup: ["test/support/global-setup.ts", BUNDLES],
          // Real processes on a busy two-core machine.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "partitioned",
          include: [...partitionedToo, "test/flows/any-order.test.ts", "test/timeline/*.happy.test.ts"],
          globalSetup: ["test/support/global-setup.ts", BUNDLES],
          provide: { partitions: 4 },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "faults",
          include: ["test/faults/*.test.ts"],
          globalSetup: [BUNDLES],
          // Each runs all of Turnpike, on servers of its own: after everything else.
          sequence: { groupOrder: 1 },
          testTimeout: 240_000,
        },
      },
    ],
  },
});
