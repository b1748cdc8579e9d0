/**
 * Makes the room of what has left the queue free again, on Postgres. Its own autovacuum looks once a minute: by then a busy queue
 * has written hundreds of megabytes into new pages, each of which goes to the disk for turns that are gone.
 */
import type { Pool } from "pg";

// Whoever else vacuums them at the moment is left to it. To give room back to the disk would need a lock that keeps everybody out.
const VACUUM =
  "VACUUM (SKIP_LOCKED, TRUNCATE false) turnpike_queue.payloads, turnpike_queue.list_parts, bullmq.job";
const LEAST_TURNS = 1_000;
const LEAST_INTERVAL_MS = 5_000;
// At most a twentieth of the time, however long the indexes of a deep queue take.
const INTERVAL_PER_RUN = 20;

/** Make what is to be told of each group of turns that has left the queue. Never rejects: what it leaves, autovacuum finds. */
export function createVacuum(pool: Pick<Pool, "query">): (turns: number) => Promise<void> {
  let gone = 0;
  let notBeforeMs = 0;
  return async (turns) => {
    gone += turns;
    const beganMs = performance.now();
    if (gone < LEAST_TURNS || beganMs < notBeforeMs) return;
    gone = 0;
    notBeforeMs = Number.POSITIVE_INFINITY;
    await pool.query(VACUUM).catch(() => {});
    const endedMs = performance.now();
    notBeforeMs = Math.max(beganMs + LEAST_INTERVAL_MS, endedMs + INTERVAL_PER_RUN * (endedMs - beganMs));
  };
}
