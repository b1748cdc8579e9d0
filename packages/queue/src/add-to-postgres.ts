import type { JobJson } from "bullmq";
import type { Pool, PoolClient } from "pg";
import type { AddOptions, PlacedJob } from "./add-jobs.ts";
import { INGEST_QUEUE } from "./catalog.ts";
import { toJobJson } from "./job-json.ts";
import { REPLAY_SETTING } from "./postgres-schema.ts";
import type { OpenQueue } from "./queue-client.ts";

// BullMQ's own function for one job; the last parameters are those of parents, deduplication, schedulers and LIFO.
const ADD_ONE =
  "SELECT bullmq.add_job($1, $2, $3, $4::jsonb, $5::jsonb, $6, 0, $7, $8, NULL, NULL, NULL, NULL, NULL, false)";

// BullMQ's own function for many.
const ADD_MANY = "SELECT count(*) FROM bullmq.add_jobs_bulk($1, $2::jsonb)";

const ADD_PAYLOAD = `INSERT INTO turnpike_queue.payloads (queue, job_id, body) VALUES ($1, $2, $3)
  ON CONFLICT (queue, job_id) DO NOTHING`;

/** Add jobs in one statement where it can be, else in one transaction. The register's triggers count them. */
export async function addToPostgres(
  { backend, queue }: OpenQueue,
  jobs: readonly PlacedJob[],
  options: AddOptions,
): Promise<void> {
  const pool = backend.connection as Pool;
  const written = jobs.map((job) => ({ id: job.jobId, json: toJobJson(queue, job) }));
  const payloads = jobs.filter(({ payload }) => payload !== undefined);
  if (payloads.length === 0 && options.counts) {
    await addRows(pool, written);
    return;
  }
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    options.signal.throwIfAborted();
    await client.query("BEGIN");
    if (!options.counts) await client.query(`SET LOCAL ${REPLAY_SETTING} = 'on'`);
    await addRows(client, written);
    for (const { jobId, payload } of payloads)
      await client.query(ADD_PAYLOAD, [INGEST_QUEUE, jobId, payload]);
    options.signal.throwIfAborted();
    await client.query("COMMIT");
  } catch (error) {
    failure = error as Error;
    throw error;
  } finally {
    // Closing the connection is the quickest roll-back, and the only one when the server hangs.
    client.release(failure);
  }
}

interface WrittenJob {
  readonly id: string;
  readonly json: JobJson;
}

async function addRows(db: Pool | PoolClient, jobs: readonly WrittenJob[]): Promise<void> {
  const [first] = jobs;
  if (first === undefined) return;
  if (jobs.length > 1) {
    await db.query(ADD_MANY, [INGEST_QUEUE, JSON.stringify(jobs.map(toBatchEntry))]);
    return;
  }
  const { id, json } = first;
  const { name, data, opts, timestamp } = json;
  const values = [
    INGEST_QUEUE,
    id,
    name,
    data,
    JSON.stringify(opts),
    opts.priority ?? 0,
    timestamp,
    opts.attempts,
  ];
  await db.query(ADD_ONE, values);
}

function toBatchEntry({ id, json }: WrittenJob) {
  const { name, data, opts, timestamp } = json;
  return { id, name, data, opts, priority: opts.priority ?? 0, delay: 0, timestamp, attempts: opts.attempts };
}
