/** Takes lists out of a queue in Postgres that nobody needs any more. Their parts go with them. */
import type { Pool, PoolClient } from "pg";

const IS_UNUSED = "NOT EXISTS (SELECT FROM turnpike_queue.payloads p WHERE p.list_id = l.id)";

// A process goes on with a list for ten minutes after it grew.
const DROP_OLD = `DELETE FROM turnpike_queue.lists l
  WHERE begun_at < now() - interval '20 minutes'
    AND coalesce((SELECT added_at FROM turnpike_queue.list_parts p WHERE p.list_id = l.id ORDER BY part DESC LIMIT 1),
                 begun_at) < now() - interval '20 minutes'
    AND ${IS_UNUSED}`;

/**
 * Take lists out that were forgotten by the process that began them; those that payloads still need stay.
 * @throws the driver's error, also when a payload has come to need one in this moment: then all stay.
 */
export async function dropLists(pool: Pool, ids: readonly string[]): Promise<void> {
  await pool.query(`DELETE FROM turnpike_queue.lists l WHERE id = ANY ($1::uuid[]) AND ${IS_UNUSED}`, [ids]);
}

/**
 * Take lists out that nobody goes on with: of processes that ended, and what they were not told in time.
 * @throws as `dropLists`.
 */
export async function dropOldLists(client: PoolClient): Promise<void> {
  await client.query(DROP_OLD);
}
