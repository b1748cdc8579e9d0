import { DatabaseError, type Pool, type QueryConfig } from "pg";
import type { AddOptions, AddTarget, QueuedJob } from "./add-jobs.ts";
import { INGEST_QUEUE } from "./catalog.ts";
import { toJobJson } from "./job-json.ts";
import { sendAlone } from "./parcels.ts";
import { REPLAY_SETTING } from "./postgres-schema.ts";

// BullMQ's function for one job, called for each: its function for many makes temporary tables, and costs 5 ms a call (1 job: 1.1
// ms against 5.2, 16 jobs: 2.7 against 5.4, 64 jobs: 9.9 against 7.8; PostgreSQL 18.4, 2026-11-26). What lies beside them is cut
// out of one parameter: an array of bytes would be sent as hexadecimal text. One statement, so both are there or none.
const ADD_JOBS = `SELECT count(bullmq.add_job($1, j.id, j.name, j.data, j.opts, j.priority, 0, j.timestamp, j.attempts,
                              NULL, NULL, NULL, NULL, NULL, false)) AS n
    FROM jsonb_to_recordset($2::jsonb)
      AS j (id text, name text, data jsonb, opts jsonb, priority int, "timestamp" bigint, attempts int)`;

const NOT_NULL_VIOLATION = "23502";

const ADD_JOBS_ALONE = { name: "add-jobs-alone", text: ADD_JOBS };

// Only with payloads: when there are none, nobody asks for what the jobs come to, and none is added. A turn that is in the queue
// already is passed over when it comes alone, by the id of its job; in a parcel nobody would notice, so it is an error here.
const ADD_JOBS_WITH_PAYLOADS = {
  name: "add-jobs",
  text: `WITH added AS MATERIALIZED (${ADD_JOBS})
  INSERT INTO turnpike_queue.payloads (queue, job_id, body, carrier)
  SELECT $1, p.job_id, substring($3::bytea FROM p.start + 1 FOR p.bytes), p.carrier
    FROM added, unnest($4::text[], $5::int[], $6::int[], $7::text[]) AS p (job_id, start, bytes, carrier)
   WHERE added.n >= 0
  ON CONFLICT (queue, job_id) DO UPDATE SET body = NULL WHERE EXCLUDED.carrier IS NOT NULL`,
};

// What lay beside the queue for a parcel's turn goes with the turn's own job from now on.
const LEAVE_PARCEL = {
  name: "leave-parcel",
  text: `UPDATE turnpike_queue.payloads SET carrier = NULL
          WHERE queue = $1 AND job_id = ANY ($2) AND carrier IS NOT NULL`,
};

/** Add jobs in one statement. The register's triggers count them. */
export async function addToPostgres(
  { backend, queue }: AddTarget,
  jobs: readonly QueuedJob[],
  options: AddOptions,
): Promise<void> {
  const pool = backend.connection as Pool;
  const entries = JSON.stringify(jobs.map((job) => toEntry(queue, job)));
  const payloads = joinPayloads(jobs);
  const statement: QueryConfig =
    payloads === undefined
      ? { values: [INGEST_QUEUE, entries], ...ADD_JOBS_ALONE }
      : { values: [INGEST_QUEUE, entries, ...payloads], ...ADD_JOBS_WITH_PAYLOADS };
  const sendEachAlone = async (error: unknown): Promise<void> => {
    if (!isRefusedParcel(error)) throw error;
    await addToPostgres(
      { backend, queue },
      jobs.flatMap(({ turns }) => turns.map(sendAlone)),
      options,
    );
  };
  options.signal.throwIfAborted();
  if (options.counts) await pool.query(statement).catch(sendEachAlone);
  else
    await inTransaction(pool, options.signal, [
      statement,
      { ...LEAVE_PARCEL, values: [INGEST_QUEUE, jobs.map(({ jobId }) => jobId)] },
    ]);
}

function isRefusedParcel(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === NOT_NULL_VIOLATION;
}

/** Only what is put back needs a setting of its transaction. */
async function inTransaction(
  pool: Pool,
  signal: AbortSignal,
  statements: readonly QueryConfig[],
): Promise<void> {
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    signal.throwIfAborted();
    await client.query("BEGIN");
    await client.query(`SET LOCAL ${REPLAY_SETTING} = 'on'`);
    for (const statement of statements) await client.query(statement);
    signal.throwIfAborted();
    await client.query("COMMIT");
  } catch (error) {
    failure = error as Error;
    throw error;
  } finally {
    // Closing the connection is the quickest roll-back, and the only one when the server hangs.
    client.release(failure);
  }
}

/** All payloads in one piece, with the turn, the start, the length and the parcel of each; undefined when there are none, as of jobs of older versions. */
function joinPayloads(
  jobs: readonly QueuedJob[],
):
  | [bytes: Buffer, ids: string[], starts: number[], lengths: number[], carriers: (string | null)[]]
  | undefined {
  const ids: string[] = [];
  const payloads: Buffer[] = [];
  const starts: number[] = [];
  const carriers: (string | null)[] = [];
  let start = 0;
  for (const { jobId: job, turns } of jobs) {
    for (const { jobId, payload } of turns) {
      if (payload === undefined) continue;
      ids.push(jobId);
      carriers.push(job === jobId ? null : job);
      payloads.push(payload);
      starts.push(start);
      start += payload.length;
    }
  }
  if (payloads.length === 0) return undefined;
  // A large one is alone, and not copied.
  const joined = payloads.length === 1 ? (payloads[0] as Buffer) : Buffer.concat(payloads);
  return [joined, ids, starts, payloads.map(({ length }) => length), carriers];
}

function toEntry(queue: AddTarget["queue"], job: QueuedJob) {
  const { opts, timestamp } = toJobJson(queue, job);
  const { jobId: id, name, data, priority } = job;
  return { id, name, data, opts, priority, timestamp, attempts: opts.attempts };
}
