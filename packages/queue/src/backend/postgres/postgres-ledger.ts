import type { Pool, PoolClient } from "pg";
import { INGEST_QUEUE } from "../../job/payload.ts";
import { INGEST_TURNS } from "../../job/job-batch.ts";
import { dropOldLists } from "./delete-prefixes.ts";
import { createPostgresPayloads } from "./read-payloads.ts";
import { bytesOf, turnsOf } from "./schema.ts";
import type { Register, SweepResult } from "../ledger.ts";
import { createVacuum } from "./vacuum.ts";

// From here on rows of counts are put together, when there are several per org.
const COMPACT_FROM_ROWS = 1_000;
const COMPACT_LOCK_TIMEOUT_MS = 200;

/** Make the register of a queue in Postgres, where triggers keep it. */
export function createPostgresRegister(pool: Pool): Register {
  const vacuum = createVacuum(pool);
  return {
    readPayload: createPostgresPayloads(pool),
    async findCarrier(jobId) {
      const { rows } = await pool.query<{ carrier: string | null }>(
        "SELECT carrier FROM turnpike_queue.payloads WHERE queue = $1 AND job_id = $2",
        [INGEST_QUEUE, jobId],
      );
      return rows[0]?.carrier ?? undefined;
    },
    async listCarried(parcelId) {
      const { rows } = await pool.query<{ job_id: string }>(
        "SELECT job_id FROM turnpike_queue.payloads WHERE queue = $1 AND carrier = $2",
        [INGEST_QUEUE, parcelId],
      );
      return rows.map(({ job_id: jobId }) => jobId);
    },
    // The triggers have done it; what is left is their room.
    release(jobIds) {
      void vacuum(jobIds.length);
      return Promise.resolve(0);
    },
    adopt: () => Promise.resolve(0),
    sweep: () => sweep(pool),
    async load() {
      const { rows } = await pool.query<{ org_id: string; jobs: string; bytes: string }>(
        `SELECT org_id, sum(jobs) AS jobs, sum(bytes) AS bytes FROM turnpike_queue.counts
          GROUP BY org_id HAVING sum(jobs) > 0`,
      );
      const byOrg = new Map(
        rows.map((row) => [row.org_id, { jobs: Number(row.jobs), bytes: Number(row.bytes) }]),
      );
      const all = [...byOrg.values()];
      return {
        jobs: all.reduce((sum, { jobs }) => sum + jobs, 0),
        bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
        byOrg,
        memory: undefined,
      };
    },
    async states() {
      const { rows } = await pool.query<{ state: string; count: string; oldest: string }>(
        `SELECT CASE WHEN state = 'waiting' AND priority > 0 THEN 'prioritized' ELSE state::text END AS state,
                count(*) AS count, min(added_at_ms) AS oldest
           FROM bullmq.job WHERE queue = $1 GROUP BY 1`,
        [INGEST_QUEUE],
      );
      const none = { waiting: 0, active: 0, prioritized: 0, delayed: 0, failed: 0 };
      const oldestMs = Math.min(...rows.map(({ oldest }) => Number(oldest)));
      return {
        states: { ...none, ...Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)])) },
        oldestAcceptedAt: rows.length === 0 ? undefined : new Date(oldestMs).toISOString(),
      };
    },
    async snapshot() {
      const { rows } = await pool.query<{
        accepted: Record<string, number> | null;
        ids: string[] | null;
        failed: string[] | null;
      }>(
        `WITH turns AS MATERIALIZED (
           SELECT id, state FROM bullmq.job WHERE queue = $1 AND name <> $2
           UNION
           SELECT p.job_id, j.state
             FROM bullmq.job j JOIN turnpike_queue.payloads p ON p.carrier = j.id
            WHERE j.queue = $1 AND j.name = $2)
         SELECT (SELECT json_object_agg(org_id, n)
                   FROM (SELECT org_id, sum(accepted) AS n FROM turnpike_queue.counts GROUP BY org_id) c) AS accepted,
                (SELECT json_agg(DISTINCT id) FROM turns) AS ids,
                (SELECT json_agg(DISTINCT id) FROM turns WHERE state = 'failed') AS failed`,
        [INGEST_QUEUE, INGEST_TURNS],
      );
      const { accepted, ids, failed } = rows[0] ?? { accepted: null, ids: null, failed: null };
      return {
        acceptedByOrg: new Map(Object.entries(accepted ?? {})),
        jobIds: ids ?? [],
        failedIds: failed ?? [],
      };
    },
  };
}

async function sweep(pool: Pool): Promise<SweepResult> {
  const client = await pool.connect();
  try {
    const lock = await client.query<{ held: boolean }>(
      "SELECT pg_try_advisory_lock(hashtext('turnpike_queue.sweep')) AS held",
    );
    if (lock.rows[0]?.held !== true)
      return { ran: false, checked: 0, released: 0, orphanPayloads: 0, adopted: 0 };
    try {
      // One statement sees one moment, and what it adds is a difference: nobody has to be kept out. There is one only when
      // somebody emptied the table past its triggers.
      const { rows } = await client.query<{ checked: string; missing: string; extra: string }>(
        `WITH held AS (
           SELECT split_part(id, '_', 1) AS org_id, sum(${turnsOf("j")}) AS jobs, sum(${bytesOf("j")}) AS bytes
             FROM bullmq.job j WHERE queue = $1 GROUP BY 1),
         counted AS (
           SELECT org_id, sum(jobs) AS jobs, sum(bytes) AS bytes FROM turnpike_queue.counts GROUP BY org_id),
         off AS (
           SELECT org_id, COALESCE(h.jobs, 0) - COALESCE(c.jobs, 0) AS jobs, COALESCE(h.bytes, 0) - COALESCE(c.bytes, 0) AS bytes
             FROM held h FULL JOIN counted c USING (org_id)
            WHERE COALESCE(h.jobs, 0) <> COALESCE(c.jobs, 0) OR COALESCE(h.bytes, 0) <> COALESCE(c.bytes, 0)),
         mended AS (
           INSERT INTO turnpike_queue.counts AS t (org_id, shard, accepted, jobs, bytes)
           SELECT org_id, 0, GREATEST(jobs, 0), jobs, bytes FROM off ORDER BY org_id
           ON CONFLICT (org_id, shard) DO UPDATE
              SET accepted = t.accepted + EXCLUDED.accepted, jobs = t.jobs + EXCLUDED.jobs, bytes = t.bytes + EXCLUDED.bytes)
         SELECT (SELECT COALESCE(sum(jobs), 0) FROM held) AS checked,
                (SELECT COALESCE(sum(GREATEST(jobs, 0)), 0) FROM off) AS missing,
                (SELECT COALESCE(sum(GREATEST(-jobs, 0)), 0) FROM off) AS extra`,
        [INGEST_QUEUE],
      );
      // A payload comes in one step with its job and goes with it, unless somebody emptied the table past its triggers.
      const orphans = await client.query(
        `DELETE FROM turnpike_queue.payloads p
          WHERE NOT EXISTS (SELECT FROM bullmq.job j
                             WHERE j.queue = p.queue AND j.id = COALESCE(p.carrier, p.job_id))`,
      );
      // What a payload has come to need in this moment is left to the next sweep.
      await dropOldLists(client).catch(() => {});
      await compact(client);
      const found = rows[0];
      return {
        ran: true,
        checked: Number(found?.checked),
        released: Number(found?.extra),
        orphanPayloads: orphans.rowCount ?? 0,
        adopted: Number(found?.missing),
      };
    } finally {
      await client.query("SELECT pg_advisory_unlock(hashtext('turnpike_queue.sweep'))");
    }
  } finally {
    client.release();
  }
}

/** Put the rows of each org together where there are many, so that reading the load stays cheap. */
async function compact(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ all_rows: string; orgs: string }>(
    "SELECT count(*) AS all_rows, count(DISTINCT org_id) AS orgs FROM turnpike_queue.counts",
  );
  const { all_rows: allRows, orgs } = rows[0] ?? { all_rows: "0", orgs: "0" };
  if (Number(allRows) < COMPACT_FROM_ROWS || Number(allRows) < 4 * Number(orgs)) return;
  await client.query("BEGIN");
  try {
    await client.query(`SET LOCAL lock_timeout = ${COMPACT_LOCK_TIMEOUT_MS}`);
    await client.query("LOCK TABLE turnpike_queue.counts IN SHARE ROW EXCLUSIVE MODE");
    await client.query(
      `WITH taken AS (DELETE FROM turnpike_queue.counts WHERE shard <> 0 RETURNING *)
       INSERT INTO turnpike_queue.counts AS c (org_id, shard, accepted, jobs, bytes)
       SELECT org_id, 0, sum(accepted), sum(jobs), sum(bytes) FROM taken GROUP BY org_id
       ON CONFLICT (org_id, shard) DO UPDATE
          SET accepted = c.accepted + EXCLUDED.accepted, jobs = c.jobs + EXCLUDED.jobs, bytes = c.bytes + EXCLUDED.bytes`,
    );
    await client.query("COMMIT");
  } catch {
    // Too busy: the next sweep tries again.
    await client.query("ROLLBACK");
  }
}
