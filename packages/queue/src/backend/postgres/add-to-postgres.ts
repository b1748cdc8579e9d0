import { DatabaseError, type Pool, type QueryConfig } from "pg";
import type { Queue, Worker } from "bullmq";
import type { PlacedJob, QueuedJob } from "../../job/queued-job.ts";
import type { AddOptions } from "../backend.ts";
import type { EncodedBody } from "../../job/body-codec.ts";
import { INGEST_QUEUE, type JobShare } from "../../job/payload.ts";
import { toJobJson } from "../../bullmq/to-bullmq-job.ts";
import { sendAlone } from "../../job/job-batch.ts";
import { REPLAY_SETTING } from "./schema.ts";

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
// The first part of a list begins it, and each other one follows the one before, or it is not put in: then the payload that needs it is
// refused with all the rest. So whatever is lost of a database, in a fail-over to a replica say, no turn is taken that is incomplete.
const ADD_JOBS_WITH_PAYLOADS = {
  name: "add-jobs",
  text: `WITH added AS MATERIALIZED (${ADD_JOBS}),
  piece AS MATERIALIZED (
    SELECT p.*, substring($3::bytea FROM p.start + 1 FOR p.length) AS body
      FROM jsonb_to_recordset($4::jsonb)
        AS p (job_id text, carrier text, start int, length int, list_id uuid, part int, list_at int, encoding text)),
  begun AS (
    INSERT INTO turnpike_queue.lists (id) SELECT list_id FROM piece WHERE job_id IS NULL AND part = 0),
  grown AS (
    INSERT INTO turnpike_queue.list_parts (list_id, part, body, encoding)
    SELECT list_id, part, body, encoding FROM piece
     WHERE job_id IS NULL AND (part = 0 OR EXISTS (SELECT FROM turnpike_queue.list_parts before
                                                    WHERE before.list_id = piece.list_id AND before.part = piece.part - 1)))
  INSERT INTO turnpike_queue.payloads (queue, job_id, body, carrier, list_id, last_part, list_at, encoding)
  SELECT $1, job_id, body, carrier, list_id, part, list_at, encoding
    FROM added, piece
   WHERE added.n >= 0 AND job_id IS NOT NULL
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
  { pool, queue }: { readonly pool: Pool; readonly queue: Queue | Worker },
  jobs: readonly QueuedJob[],
  options: AddOptions,
): Promise<void> {
  const entries = JSON.stringify(jobs.map((job) => toEntry(queue, job)));
  const pieces = jobs.flatMap(({ jobId, turns }) => turns.flatMap((turn) => piecesOf(turn, jobId)));
  const statement: QueryConfig =
    pieces.length === 0
      ? { values: [INGEST_QUEUE, entries], ...ADD_JOBS_ALONE }
      : { values: [INGEST_QUEUE, entries, ...joinPieces(pieces)], ...ADD_JOBS_WITH_PAYLOADS };
  const sendEachAlone = async (error: unknown): Promise<void> => {
    if (!isRefusedParcel(error)) throw error;
    await addToPostgres(
      { pool, queue },
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

/** Bytes that go beside the queue, and what they are: the payload of a turn, or a part of a list. */
interface Piece {
  readonly content: Buffer;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** None for jobs of older versions, which hold all that they carry. */
function piecesOf({ jobId, payload, share }: PlacedJob, carrier: string): Piece[] {
  if (payload === undefined) return [];
  const facts = {
    job_id: jobId,
    carrier: carrier === jobId ? null : carrier,
    ...(share && {
      list_id: share.listId,
      part: share.lastPart,
      list_at: share.at,
      encoding: share.encoding,
    }),
  };
  const own = { content: payload, facts };
  return share?.part === undefined ? [own] : [own, partOf(share, share.part)];
}

function partOf({ listId, lastPart }: JobShare, { payload, encoding }: EncodedBody): Piece {
  return { content: payload, facts: { list_id: listId, part: lastPart, encoding } };
}

/** All pieces in one, and where in it each of them is. */
function joinPieces(pieces: readonly Piece[]): [bytes: Buffer, facts: string] {
  let start = 0;
  const places = pieces.map(({ content: { length }, facts }) => {
    const place = { start, length, ...facts };
    start += length;
    return place;
  });
  const contents = pieces.map(({ content }) => content);
  // A large one is alone, and not copied.
  const joined = contents.length === 1 ? (contents[0] as Buffer) : Buffer.concat(contents);
  return [joined, JSON.stringify(places)];
}

function toEntry(queue: Queue | Worker, job: QueuedJob) {
  const { opts, timestamp } = toJobJson(queue, job);
  const { jobId: id, name, data, priority } = job;
  return { id, name, data, opts, priority, timestamp, attempts: opts.attempts };
}
