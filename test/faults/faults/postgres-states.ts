/** A Postgres that answers, and refuses: out of connections, read-only, out of room. */
import { setTimeout as delay } from "node:timers/promises";
import postgres, { type Sql } from "postgres";
import type { Rig } from "../rig/rig.ts";
import { waitUntil } from "../../support/wait-until.ts";
import type { Fault } from "./fault.ts";

const RETAKE_MS = 200;

/** Every connection that the server has is somebody else's. */
export const useUpConnections: Fault = {
  name: "Postgres is out of connections",
  async begin(rig) {
    const holders = new Set<Sql>();
    let isOver = false;
    const holding = (async () => {
      while (!isOver) {
        const holder = connect(rig, 60_000);
        const isHeld = await holder`SELECT 1`.then(
          () => true,
          () => false,
        );
        if (isHeld) {
          holders.add(holder);
          continue;
        }
        await holder.end({ timeout: 0 });
        // All are taken. Who still has one loses it, and finds none.
        rig.links.workerStore.cut();
        rig.links.workerQueue.cut();
        await delay(RETAKE_MS);
      }
    })();
    await waitUntil(() => holders.size > 40, { what: "connections are taken", timeoutMs: 30_000 }).catch(
      () => {},
    );
    return async () => {
      isOver = true;
      await holding;
      await Promise.all([...holders].map((holder) => holder.end({ timeout: 0 })));
    };
  },
};

/** The server takes no writes, as a standby that clients still reach. */
export const readOnly: Fault = {
  name: "Postgres is read-only",
  async begin(rig) {
    await alterSystem(rig, "SET default_transaction_read_only = on");
    return () => alterSystem(rig, "RESET default_transaction_read_only");
  },
};

/**
 * The server's disk is full. On a small disk of its own where one can be mounted; elsewhere the server says so of every new
 * node, without being so.
 */
export const fillDisk: Fault = {
  name: "the disk of Postgres is full",
  async begin(rig) {
    const { disk } = rig;
    if (disk === undefined) {
      await onServer(rig, (sql) => sql.unsafe(pretendFull));
      return () => onServer(rig, (sql) => sql.unsafe("DROP FUNCTION IF EXISTS pretend_full CASCADE"));
    }
    disk.fill();
    return async () => {
      disk.free();
      // One that could not write its log has ended.
      await rig.postgres.ensureUp();
    };
  },
};

const pretendFull = `
  CREATE OR REPLACE FUNCTION pretend_full() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
  CREATE OR REPLACE TRIGGER pretend_full BEFORE INSERT ON nodes FOR EACH STATEMENT EXECUTE FUNCTION pretend_full()`;

async function alterSystem(rig: Rig, change: string): Promise<void> {
  await onServer(rig, async (sql) => {
    await sql.unsafe(`ALTER SYSTEM ${change}`);
    await sql`SELECT pg_reload_conf()`;
  });
}

// Another fault may hold the server just now.
async function onServer(rig: Rig, act: (sql: Sql) => PromiseLike<unknown>): Promise<void> {
  await waitUntil(
    async () => {
      const sql = connect(rig, 5_000);
      try {
        await sql`SET default_transaction_read_only = off`;
        await act(sql);
        return true;
      } finally {
        await sql.end({ timeout: 0 });
      }
    },
    { what: "Postgres takes a change", timeoutMs: 60_000 },
  );
}

function connect(rig: Rig, patienceMs: number): Sql {
  return postgres(rig.postgres.url(), {
    max: 1,
    connect_timeout: 5,
    idle_timeout: 0,
    max_lifetime: null,
    fetch_types: false,
    onnotice: () => {},
    connection: { statement_timeout: patienceMs },
  });
}
