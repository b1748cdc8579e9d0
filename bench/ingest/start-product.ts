import postgres, { type Sql } from "postgres";
import { readCpuSeconds } from "../support/read-process.ts";
import { type Services, startServices } from "../support/services.ts";
import type { Bundles } from "../../test/support/build-bundles.ts";
import type { Backend } from "./options.ts";
import { type RunningApp, startAppBundle } from "./start-app-bundle.ts";

/** How the product is to run. */
export interface ProductOptions {
  readonly bundles: Bundles;
  readonly backend: Backend;
  readonly concurrency: number;
  /** Names the profiles, one per process, when they are to be written. */
  readonly profileLabel?: string | undefined;
  /** Postgres's, by name. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** The product as processes of its own, on services of its own. */
export interface Product {
  readonly ingestUrl: string;
  readonly workers: readonly RunningApp[];
  readonly databaseUrl: string;
  /** A connection that looks on. */
  readonly sql: Sql;
  startWorkers(count: number): Promise<void>;
  startTimeline(): Promise<string>;
  /** @throws Error when a process has ended. */
  checkAlive(): void;
  /** The last of what the logs say of trouble. */
  readTroubles(): Promise<string>;
  /** Seconds of CPU so far, by kind of process. */
  readCpu(): Promise<Readonly<Record<string, number>>>;
  stop(): Promise<void>;
}

// As production asks for it, and answering before the disk has what was written.
const REDIS_ARGS: Readonly<Record<Backend, readonly string[]>> = {
  redis: [],
  "redis-everysec": ["--appendfsync", "everysec"],
  postgres: [],
};

/** Start services and ingest; workers come when they are asked for. */
export async function startProduct(options: ProductOptions): Promise<Product> {
  const { bundles, backend, concurrency, profileLabel } = options;
  const services = await startServices({ settings: options.settings, redisArgs: REDIS_ARGS[backend] });
  const sql = postgres(services.databaseUrl, { max: 2, onnotice: () => {} });
  const apps: RunningApp[] = [];
  const workers: RunningApp[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(apps.map((app) => app.stop()));
    await sql.end();
    await services.stop();
  };
  const start = async (app: "ingest" | "worker" | "timeline", name: string): Promise<RunningApp> => {
    const env = { ...environmentOf(services, backend), CONCURRENCY: String(concurrency) };
    const started = await startAppBundle({ app, name, bundles, logDir: services.folder, env, profileLabel });
    apps.push(started);
    return started;
  };
  try {
    const ingest = await start("ingest", "ingest");
    return {
      ingestUrl: ingest.url,
      workers,
      databaseUrl: services.databaseUrl,
      sql,
      stop,
      async startWorkers(count) {
        for (let number = 1; number <= count; number += 1) {
          workers.push(await start("worker", `worker-${number}`));
        }
      },
      async startTimeline() {
        return (await start("timeline", "timeline")).url;
      },
      checkAlive: () => apps.forEach((app) => app.checkAlive()),
      readTroubles: async () => (await Promise.all(apps.map((app) => app.readTroubles()))).flat().join("\n"),
      async readCpu() {
        const ofWorkers = await Promise.all(workers.map(({ pid }) => readCpuSeconds(pid)));
        return {
          ingest: await readCpuSeconds(ingest.pid),
          workers: ofWorkers.reduce((sum, seconds) => sum + seconds, 0),
          postgres: await readCpuSeconds(services.postgresPid, true),
          ...(services.redisPid === undefined ? {} : { redis: await readCpuSeconds(services.redisPid) }),
        };
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function environmentOf(services: Services, backend: Backend): Record<string, string | undefined> {
  const isInRedis = backend !== "postgres";
  if (isInRedis && services.redisUrl === undefined) throw new Error("redis-server is not installed");
  return {
    DATABASE_URL: services.databaseUrl,
    REDIS_URL: isInRedis ? services.redisUrl : undefined,
  };
}
