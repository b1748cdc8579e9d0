import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedPostgres } from "@turnpike/embedded/start-embedded-postgres";
import { migrate } from "@turnpike/store/connection/migrate";
import { startRedis } from "../../test/support/start-redis.ts";

/** A Postgres and a Redis of the benchmark's own, with their production settings. */
export interface Services {
  readonly databaseUrl: string;
  /** Undefined where redis-server is not installed. */
  readonly redisUrl: string | undefined;
  readonly postgresPid: number;
  readonly redisPid: number | undefined;
  /** A temporary folder that goes with the services. */
  readonly folder: string;
  stop(): Promise<void>;
}

/** What differs from the settings of production. */
export interface ServiceOptions {
  /** Postgres's, by name. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** Of Redis' command line. */
  readonly redisArgs?: readonly string[] | undefined;
}

/** Start the services in a temporary folder that goes with them. */
export async function startServices({ settings, redisArgs }: ServiceOptions = {}): Promise<Services> {
  const folder = await mkdtemp(join(tmpdir(), "turnpike-bench-"));
  // A server of root's runs as another user, who must be able to pass.
  await chmod(folder, 0o711);
  const postgres = await startEmbeddedPostgres({
    dataDir: join(folder, "postgres"),
    settings: { max_connections: "200", ...settings },
  });
  const forgetServer = endServerWithUs(postgres.pid);
  await migrate(postgres.url);
  const redis = await startRedis(folder, redisArgs);
  return {
    databaseUrl: postgres.url,
    redisUrl: redis?.url,
    postgresPid: postgres.pid,
    redisPid: redis?.pid,
    folder,
    async stop() {
      await redis?.stop();
      await postgres.stop();
      forgetServer();
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    },
  };
}

/** The server would outlive a benchmark that fails or is interrupted. */
function endServerWithUs(pid: number): () => void {
  // A fast shutdown, in Postgres's own terms.
  const end = (): boolean => process.kill(pid, "SIGINT");
  const leave = (): never => process.exit(1);
  process.once("exit", end);
  process.once("SIGINT", leave);
  process.once("SIGTERM", leave);
  return () => {
    process.off("exit", end);
    process.off("SIGINT", leave);
    process.off("SIGTERM", leave);
  };
}
