/**
 * Starts what the integration tests need, once per run: a Postgres with a migrated template database, and a Redis and a Redis Cluster where
 * redis-server is installed. All keep their files in one temporary folder, which goes with them, on Ctrl-C too.
 */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { startEmbeddedPostgres } from "@turnpike/embedded/start-embedded-postgres";
import type { TestProject } from "vitest/node";
import { createTemplate } from "./create-template.ts";
import { startCluster } from "./start-cluster.ts";
import { startRedis } from "./start-redis.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** URL of a database of the run's Postgres that no test writes to; tests clone their own, see `database.ts`. */
    postgresUrl: string;
    /** How many partitions the tables of the template have, in a project that asks for some. */
    partitions: number | undefined;
    /** Undefined where redis-server is not installed. */
    redisUrl: string | undefined;
    /** The nodes of a Redis Cluster with commas between; undefined likewise. */
    clusterUrl: string | undefined;
    /** For files of tests. It is removed at the end of the run, and PostgreSQL servers whose data is in it are killed. */
    runFolder: string;
  }
}

// For speed. No test asks whether a commit outlives a power cut; it does outlive a kill of the server.
const serverSettings = {
  fsync: "off",
  full_page_writes: "off",
  max_connections: "200",
  // With the name of the database: it tells whose a line of the log is.
  log_line_prefix: "%m [%p] %d ",
};

/**
 * Start the services, and tell the tests where they are. Vitest calls it by this name, and what it returns after the last test.
 * @public
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "turnpike-test-"));
  // A server of root's runs as another user, who must be able to pass.
  await chmod(folder, 0o711);
  const dataDir = join(folder, "postgres");
  const stops: (() => Promise<void>)[] = [];
  const abandon = (): void => {
    killServersOf(folder);
    removeFolder(folder);
  };
  process.once("exit", abandon);
  const tearDown = async (): Promise<void> => {
    for (const stop of stops.reverse()) await stop();
    process.off("exit", abandon);
    removeFolder(folder);
  };
  try {
    const postgres = await startEmbeddedPostgres({ dataDir, settings: serverSettings });
    stops.push(() => postgres.stop());
    await createTemplate(postgres.url, project.getProvidedContext().partitions);
    // Nobody kills this one: to sync at each write would only let tests wait for a disk that all of them share.
    const redis = await startRedis(folder, ["--appendfsync", "everysec"]);
    if (redis === undefined) reportMissingRedis();
    else stops.push(() => redis.stop());
    const cluster = redis && (await startCluster(folder));
    if (cluster !== undefined) stops.push(() => cluster.stop());
    project.provide("runFolder", folder);
    project.provide("postgresUrl", postgres.url);
    project.provide("redisUrl", redis?.url);
    project.provide("clusterUrl", cluster?.url);
    return tearDown;
  } catch (error) {
    await tearDown();
    throw error;
  }
}

function reportMissingRedis(): void {
  const line =
    "redis-server is not installed: every suite that runs on both queue backends is left out on Redis. " +
    "Get it with `apt-get install redis-server` or `brew install redis`.";
  if (process.env["CI"]) throw new Error(line);
  console.warn(line);
}

// Vitest ends on Ctrl-C without a tear-down. The servers are looked up, for they may just have been starting.
function killServersOf(folder: string): void {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  for (const name of names.filter((name) => basename(name) === "postmaster.pid")) {
    try {
      const pid = Number.parseInt(readFileSync(join(folder, name), "utf8"), 10);
      if (pid > 0) process.kill(pid, "SIGQUIT");
    } catch {
      // Gone already.
    }
  }
}

// With retries: a server that was just told to quit may still be writing.
function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}
