/**
 * All of Turnpike as operators run it, and more: each app a supervised process of its production bundle, a database and a
 * queue of the rig's own, and between them a network that can be disturbed. It ends with `stop`, or with this process.
 */
import { rmSync } from "node:fs";
import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrate } from "@turnpike/store/connection/migrate";
import { type App, type AppName, startApp } from "./app.ts";
import { createLinks, type Links, NOWHERE } from "./links.ts";
import { mountSmallDisk, type SmallDisk } from "./small-disk.ts";
import { type PostgresServer, startPostgresServer } from "./postgres-server.ts";
import { type RedisServer, startRedisServer } from "./redis-server.ts";
import { makeWorkerRole, WORKER_ROLE } from "./worker-role.ts";

/** A queue backend. */
export type Backend = "redis" | "postgres";

/** Everything that faults are made in. */
export interface Rig {
  readonly backend: Backend;
  readonly postgres: PostgresServer;
  /** Undefined when the queue lies in the database. */
  readonly redis: RedisServer | undefined;
  readonly links: Links;
  readonly ingests: readonly App[];
  readonly workers: readonly App[];
  readonly timeline: App;
  /** The disk that the database lies on, where this user may mount one. */
  readonly disk: SmallDisk | undefined;
  /** Of each ingest process, through its link. */
  readonly ingestUrls: readonly string[];
  readonly queuePrefix: string;
  /** Undo whatever a fault has left, and wait until every app is ready. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

/** How to build a rig. */
export interface RigOptions {
  readonly backend: Backend;
  /** Folder of the bundles. */
  readonly distDir: string;
  readonly workers?: number;
  /** Whether the workers have a role of their own in the database, `WORKER_ROLE`. */
  readonly hasWorkerRole?: boolean;
  /** Whether the servers are on a disk that can be filled; what a long run stores would fill it. Default true. */
  readonly hasSmallDisk?: boolean;
  /** Added to the environment of the workers. */
  readonly workerEnv?: Readonly<Record<string, string>>;
}

const INGESTS = 2;
const QUEUE_PREFIX = "faults";

/** Build a rig; resolved when every app is ready. */
export async function createRig(options: RigOptions): Promise<Rig> {
  const { backend, distDir } = options;
  const folder = await mkdtemp(join(tmpdir(), "turnpike-faults-"));
  // A database server of root's runs as another user, who must be able to pass.
  await chmod(folder, 0o711);
  const closes: (() => unknown)[] = [() => removeFolder(folder)];
  const stop = async (): Promise<void> => {
    process.off("exit", abandon);
    for (const close of closes.reverse()) await close();
  };
  const abandon = (): void => removeFolder(folder);
  process.once("exit", abandon);
  try {
    const { workers = 3, hasWorkerRole = false, hasSmallDisk = true, workerEnv = {} } = options;
    const whole = { backend, distDir, workers, hasWorkerRole, hasSmallDisk, workerEnv };
    return await build(folder, whole, closes, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function build(
  folder: string,
  { backend, distDir, workers, hasWorkerRole, hasSmallDisk, workerEnv }: Required<RigOptions>,
  closes: (() => unknown)[],
  stop: () => Promise<void>,
): Promise<Rig> {
  const links = await createLinks(backend, INGESTS);
  closes.push(() => Promise.all(links.all().map((link) => link.close())));
  const disk = hasSmallDisk ? mountSmallDisk(join(folder, "disk")) : undefined;
  closes.push(() => disk?.close());
  const dataDir = join(disk?.path ?? folder, "postgres");
  const postgres = await startPostgresServer(dataDir, (url) => links.movePostgres(url));
  closes.push(() => postgres.stop());
  await migrate(postgres.url());
  if (hasWorkerRole) await makeWorkerRole(postgres.url(), backend === "postgres");
  const redis =
    backend === "redis"
      ? await startRedisServer(join(folder, "redis"), (url) => links.moveRedis(url))
      : undefined;
  closes.push(() => redis?.stop());

  const throughLink = (link: { readonly url: string }): string => {
    const url = new URL(postgres.url());
    url.port = new URL(link.url).port;
    if (hasWorkerRole && link === links.workerStore) url.username = WORKER_ROLE;
    return url.href;
  };
  const start = (app: AppName, name: string, onMove: (url: string) => void): App => {
    const { store, queue } = {
      ingest: { store: links.ingestQueue, queue: links.ingestQueue },
      worker: { store: links.workerStore, queue: links.workerQueue },
      timeline: { store: links.timelineStore, queue: links.timelineQueue },
    }[app];
    const queueEnv = redis === undefined ? {} : { REDIS_URL: queue.url };
    const storeEnv = app === "ingest" && redis !== undefined ? {} : { DATABASE_URL: throughLink(store) };
    const env = {
      ...queueEnv,
      ...storeEnv,
      QUEUE_PREFIX,
      CONCURRENCY: "8",
      DATABASE_POOL: "6",
      SHUTDOWN_DEADLINE_MS: "8000",
      ...(app === "worker" ? workerEnv : {}),
    };
    const started = startApp({ app, name, distDir, env, onUp: onMove, onDown: () => onMove(NOWHERE) });
    closes.push(() => started.stop());
    return started;
  };
  const ingests = links.clients.map((link, index) =>
    start("ingest", `ingest-${index + 1}`, (url) => link.retarget(url)),
  );
  const workerApps = Array.from({ length: workers }, (_unused, index) =>
    start("worker", `worker-${index + 1}`, () => {}),
  );
  const timeline = start("timeline", "timeline", () => {});
  const apps = [...ingests, ...workerApps, timeline];
  const heal = async (): Promise<void> => {
    apps.forEach((app) => app.signal("SIGCONT"));
    disk?.free();
    postgres.resume();
    redis?.resume();
    await postgres.ensureUp();
    await redis?.ensureUp();
    await Promise.all(links.all().map((link) => link.resume()));
    await Promise.all(apps.map((app) => app.ready()));
  };
  await heal();
  return {
    backend,
    postgres,
    redis,
    links,
    ingests,
    workers: workerApps,
    timeline,
    disk,
    ingestUrls: links.clients.map((link) => new URL(link.url).origin),
    queuePrefix: QUEUE_PREFIX,
    heal,
    stop,
  };
}

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}
