import type { Pool } from "pg";
import { INGEST_QUEUE } from "../../job/payload.ts";
import type { Backlog, FailedJob, QueueServer } from "../backend.ts";
import { addToPostgres } from "./add-to-postgres.ts";
import { dropLists } from "./delete-prefixes.ts";
import { createPostgresNotes } from "./postgres-notes.ts";
import { createPostgresRegister } from "./postgres-ledger.ts";

/** What Postgres does for the queue. */
export function createPostgresServer(connection: unknown): QueueServer {
  const pool = connection as Pool;
  return {
    async readServerTime() {
      const { rows } = await pool.query<{ ms: number }>(
        "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms",
      );
      return rows[0]?.ms ?? Number.NaN;
    },
    addJobs: (queue, _prefix, jobs, options) => addToPostgres({ pool, queue }, jobs, options),
    openRegister: () => createPostgresRegister(pool),
    async readBacklog(_prefix, dueBefore) {
      const { rows } = await pool.query<Backlog>(
        `SELECT (s.waits OR EXISTS (SELECT FROM job WHERE queue = $1 AND state = 'delayed' AND process_at_ms < $2::bigint))
                AND NOT EXISTS (SELECT FROM meta WHERE queue = $1 AND field = 'paused' AND value = '1') AS "isWaiting",
                NOT (s.waits OR s.is_delayed OR s.runs) AS "isEmpty"
         FROM (SELECT EXISTS (SELECT FROM job WHERE queue = $1 AND state = 'waiting') AS waits,
                      EXISTS (SELECT FROM job WHERE queue = $1 AND state = 'delayed') AS is_delayed,
                      EXISTS (SELECT FROM job WHERE queue = $1 AND state = 'active') AS runs) AS s`,
        [INGEST_QUEUE, dueBefore],
      );
      return rows[0] ?? { isWaiting: false, isEmpty: true };
    },
    async findJob(_queue, jobId) {
      const { rows } = await pool.query<{ state: string; attempts: number; reason: string | null }>(
        "SELECT state, attempts_made AS attempts, failed_reason AS reason FROM bullmq.job WHERE queue = $1 AND id = $2",
        [INGEST_QUEUE, jobId],
      );
      const [row] = rows;
      return row && { state: row.state, attempts: row.attempts, failedReason: row.reason ?? undefined };
    },
    async listFailedJobs() {
      const { rows } = await pool.query<FailedJob>(
        `SELECT id, COALESCE(failed_reason, '') AS reason FROM bullmq.job
          WHERE queue = $1 AND state = 'failed' ORDER BY finished_at_ms, id`,
        [INGEST_QUEUE],
      );
      return rows;
    },
    dropLists: (ids) => dropLists(pool, ids),
    noteShards: () => Promise.resolve(),
    readNotedShards: () => Promise.resolve(0),
    openNotes: () => createPostgresNotes(pool),
  };
}
