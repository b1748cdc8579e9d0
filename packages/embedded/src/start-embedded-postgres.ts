import type { Sql } from "postgres";
import { choosePlace } from "./data-dir/choose-place.ts";
import { EmbeddedPostgresError, useOwnServer } from "./embedded-postgres-error.ts";
import { findNativeDir } from "./server/find-native-dir.ts";
import { initDataDir } from "./data-dir/init-data-dir.ts";
import { keepServing } from "./keep-serving.ts";
import { preparePrograms } from "./server/prepare-programs.ts";

const databaseName = "turnpike";

/** Settings of the local PostgreSQL. */
export interface EmbeddedPostgresOptions {
  /**
   * Folder of the database; need not exist. The server's log is kept beside it, under the same name with `.log`. For root in a
   * folder that others cannot enter, both are kept under /var/tmp instead: see `dataDir` of the result.
   */
  readonly dataDir: string;
  /**
   * Server settings by name, such as `max_connections`, for a server that this call starts. One that outlived its turnpike
   * keeps its own until it is stopped. Address, port and socket are not to be set.
   */
  readonly settings?: Readonly<Record<string, string>>;
  /** Folder of another PostgreSQL installation (`bin`, `lib`, `share`) instead of the one that npm installed. */
  readonly nativeDir?: string;
  /** Called with a line for people when something noteworthy happens. */
  readonly onLog?: (line: string) => void;
  /**
   * With it a server that ends, however that comes, is started again on its port. Called when that does not help, or when another
   * turnpike has taken the folder over; nothing is done any more then.
   */
  readonly onLost?: (error: EmbeddedPostgresError) => void;
}

/** A local PostgreSQL that this process owns. */
export interface EmbeddedPostgres {
  /** `postgres://` URL of the database `turnpike`, which exists. No password: every user of this machine may connect. */
  readonly url: string;
  readonly port: number;
  /** Process id of the server; another one after each start. */
  readonly pid: number;
  /** Where the database really is: absolute, without symbolic links. */
  readonly dataDir: string;
  /**
   * Stop the server; sessions that are still open are ended. Idempotent; ends within 50 s.
   * @throws EmbeddedPostgresError when the server does not end.
   */
  stop(): Promise<void>;
}

/**
 * Start the local PostgreSQL of a folder, making the database on the first start (about 1 s, later 0.2 s; measured
 * 2026-11-21), or take over the one that outlived its turnpike. Without `stop()` the server outlives this process too.
 * @throws EmbeddedPostgresError within seconds when another turnpike uses the folder, and when the server cannot run here.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    return await start(options);
  } catch (error) {
    if (error instanceof EmbeddedPostgresError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL cannot run in ${options.dataDir}: ${reason}. ${useOwnServer}`,
      { cause: error },
    );
  }
}

async function start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const log = options.onLog ?? (() => undefined);
  const nativeDir = options.nativeDir ?? findNativeDir(process.platform, process.arch);
  const place = await choosePlace(options.dataDir, log);
  const { dataDir } = place;
  const { programs, version } = await preparePrograms(nativeDir, place, log);
  await initDataDir(programs, version, dataDir, log);
  const served = await keepServing(programs, dataDir, {
    settings: options.settings ?? {},
    log,
    version,
    onLost: options.onLost,
  });
  try {
    await ensureDatabase(served.sql);
  } catch (error) {
    await served.stop();
    throw error;
  }
  const { port } = served;
  let stopped: Promise<void> | undefined;
  return {
    url: `postgres://postgres@127.0.0.1:${port}/${databaseName}`,
    port,
    get pid() {
      return served.pid();
    },
    dataDir,
    stop: () => (stopped ??= served.stop()),
  };
}

async function ensureDatabase(sql: Sql): Promise<void> {
  const found = await sql`SELECT 1 FROM pg_database WHERE datname = ${databaseName}`;
  if (found.length === 0) await sql`CREATE DATABASE ${sql(databaseName)}`;
}
