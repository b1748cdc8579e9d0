import type { DatabaseHoldings } from "@turnpike/domain/ports/queue-marker";
import type { Statement } from "../connection/write-pool.ts";

/** Read what the database knows of accepted turns: a few rows of counters. */
export async function readHoldings(sql: Statement): Promise<DatabaseHoldings> {
  const [ended] = await sql<{ count: string }>`
    SELECT coalesce(sum(CASE WHEN outcome = 'before' THEN -count ELSE count END), 0)::text AS count FROM ledger_counts`;
  return { postgresQueue: await readPostgresQueue(sql), ended: Number(ended?.count ?? 0) };
}

/** The schemas are there only where the queue was ever opened in the database. */
async function readPostgresQueue(sql: Statement): Promise<DatabaseHoldings["postgresQueue"]> {
  const [there] = await sql<{ counts: boolean; jobs: boolean }>`
    SELECT to_regclass('turnpike_queue.counts') IS NOT NULL AS counts, to_regclass('bullmq.job') IS NOT NULL AS jobs`;
  if (there?.counts === true) {
    const [row] = await sql<{ jobs: string; accepted: string }>`
      SELECT coalesce(sum(jobs), 0)::text AS jobs, coalesce(sum(accepted), 0)::text AS accepted FROM turnpike_queue.counts`;
    return { jobs: Number(row?.jobs ?? 0), accepted: Number(row?.accepted ?? 0) };
  }
  if (there?.jobs !== true) return { jobs: 0, accepted: 0 };
  // Of a version that did not count them yet.
  const [row] = await sql<{ jobs: string }>`
    SELECT count(*)::text AS jobs FROM bullmq.job WHERE queue = 'ingest' AND state::text <> 'completed'`;
  return { jobs: Number(row?.jobs ?? 0), accepted: Number(row?.jobs ?? 0) };
}
