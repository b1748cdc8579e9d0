/**
 * What the register adds to a database whose queue is BullMQ's: a schema of its own with counters and payloads, and triggers on
 * BullMQ's table of jobs that keep them. So whatever puts a job in or takes one out, in whatever way, is counted in the same
 * transaction. Counters are spread over rows by connection, so that nobody waits for another's commit.
 */
import { assertSchemaCompatibility, LATEST_SCHEMA_VERSION, runMigrations } from "bullmq";
import type { ClientBase } from "pg";
import { INGEST_QUEUE } from "../../job/payload.ts";
import { INGEST_TURNS } from "../../job/job-batch.ts";

/** Where BullMQ's own tables are. */
export const BULLMQ_SCHEMA = "bullmq";

/** Rows per org at most. */
const SHARDS = 32;

/** Within a transaction in which this is `on`, jobs that are put in are not counted as accepted. */
export const REPLAY_SETTING = "turnpike_queue.replay";

// Raised with every change of the statements below, which must stay applicable to what is there.
const VERSION = 5;

const LOCK = "hashtext('turnpike_queue')";

/**
 * Install BullMQ's schema and the register, or bring them up to date; processes that start together wait for one another. Jobs
 * that are in the queue already are counted. Nothing is locked, and no right is needed to make anything, when all is up to date.
 * @throws the driver's error. The session may hold the lock then: it is to be closed.
 */
export async function updateSchemas(client: ClientBase): Promise<void> {
  if (await isCurrent(client)) return;
  // In a statement of its own. The server remembers within a transaction what it has looked for in vain, so only one that begins
  // after the wait is sure to see what another has made meanwhile.
  await client.query(`SELECT pg_advisory_lock(${LOCK})`);
  if (!(await isCurrent(client))) {
    await runMigrations(client, BULLMQ_SCHEMA);
    await installRegister(client);
  }
  await client.query(`SELECT pg_advisory_unlock(${LOCK})`);
}

async function installRegister(client: ClientBase): Promise<void> {
  // A newer version's are left alone.
  if ((await readVersion(client)) >= VERSION) return;
  await client.query("BEGIN");
  try {
    await client.query(STATEMENTS);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}

async function isCurrent(client: ClientBase): Promise<boolean> {
  if (!(await isThere(client, BULLMQ_SCHEMA, "migration"))) return false;
  const version = await assertSchemaCompatibility(client, BULLMQ_SCHEMA);
  return version >= LATEST_SCHEMA_VERSION && (await readVersion(client)) >= VERSION;
}

async function readVersion(client: ClientBase): Promise<number> {
  if (!(await isThere(client, "turnpike_queue", "version"))) return 0;
  const { rows } = await client.query<{ version: number }>("SELECT version FROM turnpike_queue.version");
  return rows[0]?.version ?? 0;
}

async function isThere(client: ClientBase, schema: string, table: string): Promise<boolean> {
  const { rows } = await client.query("SELECT FROM pg_tables WHERE schemaname = $1 AND tablename = $2", [
    schema,
    table,
  ]);
  return rows.length > 0;
}

/** How many turns a job carries. */
export const turnsOf = (job: string): string => `COALESCE((${job}.opts ->> 'turns')::bigint, 1)`;

/** How many bytes the bodies of a job take. */
export const bytesOf = (job: string): string => `COALESCE((${job}.opts ->> 'bytes')::bigint, 0)`;

const STATEMENTS = `
CREATE SCHEMA IF NOT EXISTS turnpike_queue;

CREATE TABLE IF NOT EXISTS turnpike_queue.version (version integer NOT NULL);

-- This side of the queue marker; the other one is the table queue_marker of the store.
CREATE TABLE IF NOT EXISTS turnpike_queue.marker (
  id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
  generation uuid NOT NULL,
  replaces uuid,
  written_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS turnpike_queue.counts (
  org_id text NOT NULL,
  shard smallint NOT NULL,
  -- Only ever grows.
  accepted bigint NOT NULL,
  -- Of what is in the queue; one row alone may be below 0, since a job is taken out by another connection.
  jobs bigint NOT NULL,
  bytes bigint NOT NULL,
  PRIMARY KEY (org_id, shard)
) WITH (fillfactor = 50);

CREATE TABLE IF NOT EXISTS turnpike_queue.payloads (
  queue text NOT NULL,
  job_id text NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (queue, job_id)
);
-- Large ones are deflated already, and none stays for long.
ALTER TABLE turnpike_queue.payloads ALTER COLUMN body SET STORAGE EXTERNAL;
-- What a foreign key did row by row, the triggers below do by statement.
ALTER TABLE turnpike_queue.payloads DROP CONSTRAINT IF EXISTS payloads_queue_job_id_fkey;
-- The parcel that the turn is carried by; null when it is a job of its own.
ALTER TABLE turnpike_queue.payloads ADD COLUMN IF NOT EXISTS carrier text;
CREATE INDEX IF NOT EXISTS payloads_carrier_idx ON turnpike_queue.payloads (carrier) WHERE carrier IS NOT NULL;

-- Lists of messages that the bodies of a session share. They grow at their end, and go as a whole.
CREATE TABLE IF NOT EXISTS turnpike_queue.lists (
  id uuid PRIMARY KEY,
  begun_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS turnpike_queue.list_parts (
  list_id uuid NOT NULL REFERENCES turnpike_queue.lists ON DELETE CASCADE,
  part integer NOT NULL,
  added_at timestamptz NOT NULL DEFAULT now(),
  body bytea NOT NULL,
  encoding text NOT NULL,
  PRIMARY KEY (list_id, part)
) WITH (toast_tuple_target = 8160);
ALTER TABLE turnpike_queue.list_parts ALTER COLUMN body SET STORAGE EXTERNAL;
-- What a payload needs is there when it comes, and stays for as long as it does.
ALTER TABLE turnpike_queue.payloads
  ADD COLUMN IF NOT EXISTS list_id uuid,
  ADD COLUMN IF NOT EXISTS last_part integer,
  ADD COLUMN IF NOT EXISTS list_at integer,
  ADD COLUMN IF NOT EXISTS encoding text,
  DROP CONSTRAINT IF EXISTS payloads_list_fkey,
  ADD CONSTRAINT payloads_list_fkey FOREIGN KEY (list_id, last_part) REFERENCES turnpike_queue.list_parts (list_id, part);
CREATE INDEX IF NOT EXISTS payloads_list_idx ON turnpike_queue.payloads (list_id) WHERE list_id IS NOT NULL;

-- Rows are taken in the order of their orgs, so that two batches never wait for each other.
CREATE OR REPLACE FUNCTION turnpike_queue.count_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO turnpike_queue.counts AS c (org_id, shard, accepted, jobs, bytes)
  SELECT split_part(a.id, '_', 1), pg_backend_pid() % ${SHARDS},
         CASE WHEN current_setting('${REPLAY_SETTING}', true) = 'on' THEN 0 ELSE sum(${turnsOf("a")}) END,
         sum(${turnsOf("a")}), sum(${bytesOf("a")})
    FROM added a WHERE a.queue = '${INGEST_QUEUE}' GROUP BY 1 ORDER BY 1
  ON CONFLICT (org_id, shard) DO UPDATE
     SET accepted = c.accepted + EXCLUDED.accepted, jobs = c.jobs + EXCLUDED.jobs, bytes = c.bytes + EXCLUDED.bytes;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION turnpike_queue.count_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO turnpike_queue.counts AS c (org_id, shard, accepted, jobs, bytes)
  SELECT split_part(r.id, '_', 1), pg_backend_pid() % ${SHARDS}, 0, -sum(${turnsOf("r")}), -sum(${bytesOf("r")})
    FROM removed r WHERE r.queue = '${INGEST_QUEUE}' GROUP BY 1 ORDER BY 1
  ON CONFLICT (org_id, shard) DO UPDATE SET jobs = c.jobs + EXCLUDED.jobs, bytes = c.bytes + EXCLUDED.bytes;
  DELETE FROM turnpike_queue.payloads p USING removed r
   WHERE p.queue = r.queue AND p.job_id = r.id AND r.name <> '${INGEST_TURNS}';
  DELETE FROM turnpike_queue.payloads p USING removed r WHERE p.carrier = r.id AND r.name = '${INGEST_TURNS}';
  RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER turnpike_count_added AFTER INSERT ON bullmq.job
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION turnpike_queue.count_added();

CREATE OR REPLACE TRIGGER turnpike_count_removed AFTER DELETE ON bullmq.job
  REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION turnpike_queue.count_removed();

-- The triggers keep everybody else out until the commit.
INSERT INTO turnpike_queue.counts (org_id, shard, accepted, jobs, bytes)
SELECT split_part(j.id, '_', 1), 0, count(*), count(*), sum(${bytesOf("j")})
  FROM bullmq.job j
 WHERE j.queue = '${INGEST_QUEUE}' AND NOT EXISTS (SELECT FROM turnpike_queue.version)
 GROUP BY 1;

DELETE FROM turnpike_queue.version;
INSERT INTO turnpike_queue.version VALUES (${VERSION});
`;
