/** A Postgres with a streaming standby, both of the test file's own. */
import { cp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@turnpike/embedded/start-embedded-postgres";
import { migrate } from "@turnpike/store/connection/migrate";
import postgres, { type Sql } from "postgres";
import { afterAll, beforeAll, inject } from "vitest";
import { createTcpProxy, type TcpProxy } from "./tcp-proxy.ts";
import { waitUntil } from "./wait-until.ts";

/** The two servers; the standby may be made to lag, and to go away. */
export interface Replicated {
  /** The primary, whose database is migrated and empty. */
  readonly primaryUrl: string;
  /** The standby, through a proxy: the same URL for as long as the tests run. */
  readonly standbyUrl: string;
  readonly proxy: TcpProxy;
  /** A connection to the primary. */
  readonly sql: Sql;
  /** Keep the standby where it is: it goes on receiving, and shows nothing of it. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Wait until the standby shows what the primary shows. */
  catchUp(): Promise<void>;
  /** Kill the standby's server. */
  kill(): Promise<void>;
  /** Start it again. */
  restart(): Promise<void>;
  /** End its being a standby. */
  promote(): Promise<void>;
}

// For speed: no test asks whether a commit outlives a power cut.
const settings = { fsync: "off" };

/** Start both for the suite it is called in; they may be used once the tests run. */
export function useReplicated(): Replicated {
  const folder = join(inject("runFolder"), `replicated-${randomUUID()}`);
  const standbyDir = `${folder}-standby`;
  let primary: EmbeddedPostgres | undefined;
  let standby: EmbeddedPostgres | undefined;
  let proxy: TcpProxy | undefined;
  let sql: Sql | undefined;
  let standbySql: Sql | undefined;

  const need = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error("the fixture is used before its tests run");
    return part;
  };
  const start = async (): Promise<void> => {
    const primary_conninfo = `host=127.0.0.1 port=${need(primary).port} user=postgres`;
    standby = await startEmbeddedPostgres({
      dataDir: standbyDir,
      settings: { ...settings, primary_conninfo },
    });
    standbySql = postgres(standby.url, { max: 1, fetch_types: false, onnotice: () => {} });
  };
  const stopStandby = async (): Promise<void> => {
    await standbySql?.end({ timeout: 0 });
    await standby?.stop();
  };

  beforeAll(async () => {
    primary = await startEmbeddedPostgres({ dataDir: folder, settings });
    await migrate(primary.url);
    await copyDataDir(primary, standbyDir);
    await start();
    proxy = await createTcpProxy(need(standby).url);
    sql = postgres(primary.url, { max: 2, fetch_types: false, onnotice: () => {} });
  });
  afterAll(async () => {
    await proxy?.close();
    await sql?.end();
    await stopStandby();
    await primary?.stop();
  });

  return {
    get primaryUrl() {
      return need(primary).url;
    },
    get standbyUrl() {
      return need(proxy).url;
    },
    get proxy() {
      return need(proxy);
    },
    get sql() {
      return need(sql);
    },
    async pause() {
      await need(standbySql)`SELECT pg_wal_replay_pause()`;
      // It is asked for, and comes about a moment later.
      await waitUntil(
        async () => {
          const [row] = await need(standbySql)`SELECT pg_get_wal_replay_pause_state() AS state`;
          return row?.["state"] === "paused";
        },
        { what: "the replay is paused" },
      );
    },
    async resume() {
      await need(standbySql)`SELECT pg_wal_replay_resume()`;
    },
    async catchUp() {
      // A record that ends here and is durable; the log may otherwise end inside one until something is committed.
      const [written] = await need(sql)<{ lsn: string }[]>`
        SELECT pg_logical_emit_message(false, 'catch-up', '', true)::text AS lsn`;
      await waitUntil(
        async () => {
          const [row] = await need(standbySql)`
            SELECT pg_last_wal_replay_lsn() >= ${written?.lsn ?? ""}::pg_lsn AS has_it`;
          return row?.["has_it"] === true;
        },
        { what: "the standby has caught up" },
      );
    },
    async kill() {
      process.kill(need(standby).pid, "SIGKILL");
      await stopStandby();
    },
    async restart() {
      await start();
      need(proxy).retarget(need(standby).url);
    },
    async promote() {
      await need(standbySql)`SELECT pg_promote()`;
    },
  };
}

/** Copy what a running server has on disk, the way of a base backup. */
async function copyDataDir(primary: EmbeddedPostgres, copy: string): Promise<void> {
  // One session from the beginning to the end of it.
  const session = postgres(primary.url, { max: 1, fetch_types: false, onnotice: () => {} });
  try {
    await session`SELECT pg_backup_start('standby', true)`;
    await cp(primary.dataDir, copy, { recursive: true, filter: (path) => !path.endsWith("/postmaster.pid") });
    const [backup] = await session<{ labelfile: string }[]>`SELECT labelfile FROM pg_backup_stop(false)`;
    await writeFile(join(copy, "backup_label"), backup?.labelfile ?? "");
  } finally {
    await session.end();
  }
  await rm(join(copy, "postmaster.opts"), { force: true });
  await writeFile(join(copy, "standby.signal"), "");
}
