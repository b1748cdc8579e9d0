import type { Pool } from "pg";
import type { QueueNote, QueueNotes } from "../../marker/queue-note.ts";

/** Get at the marker of a queue in Postgres: a row in the register's schema. It goes with the queue when that is dropped. */
export function createPostgresNotes(pool: Pool): QueueNotes {
  const read = async (): Promise<QueueNote> => {
    const { rows } = await pool.query<{ generation: string; replaces: string | null }>(
      "SELECT generation, replaces FROM turnpike_queue.marker",
    );
    return {
      generation: rows[0]?.generation,
      replaces: rows[0]?.replaces ?? undefined,
      shards: 1,
      isRefused: false,
      hasSibling: false,
    };
  };
  return {
    read,
    async claim({ generation, replaces }) {
      await pool.query(
        `INSERT INTO turnpike_queue.marker AS m (generation, replaces) VALUES ($1, $2)
         ON CONFLICT (id) DO UPDATE SET generation = EXCLUDED.generation, replaces = EXCLUDED.replaces, written_at = now()
          WHERE m.generation = EXCLUDED.replaces`,
        [generation, replaces ?? null],
      );
      return read();
    },
    // All who reach it reach the database, too.
    refuse: () => Promise.resolve(),
  };
}
