import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedPostgres } from "@turnpike/embedded/start-embedded-postgres";
import { migrate } from "@turnpike/store/migrate";
import { startRedis } from "../../test/support/start-redis.ts";

/** A Postgres and a Redis of the benchmark's own, with their production settings. */
export interface Services {
  readonly databaseUrl: string;
  /** Undefined where redis-server is not installed. */
  readonly redisUrl: string | undefined;
  stop(): Promise<void>;
}

/** Start the services in a temporary folder that goes with them. */
export async function startServices(): Promise<Services> {
  const folder = await mkdtemp(join(tmpdir(), "turnpike-bench-"));
  // A server of root's runs as another user, who must be able to pass.
  await chmod(folder, 0o711);
  const postgres = await startEmbeddedPostgres({
    dataDir: join(folder, "postgres"),
    settings: { max_connections: "200" },
  });
  await migrate(postgres.url);
  const redis = await startRedis(folder);
  return {
    databaseUrl: postgres.url,
    redisUrl: redis?.url,
    async stop() {
      await redis?.stop();
      await postgres.stop();
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    },
  };
}
