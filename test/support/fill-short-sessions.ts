import type { Sql } from "postgres";

/** Fill orgs with sessions of four turns and four events each, in bulk: what a planner takes for the length of any session. */
export async function fillShortSessions(sql: Sql, orgs: readonly string[], sessions: number): Promise<void> {
  await sql.unsafe(`
    CREATE TEMP TABLE short AS
      SELECT org_id, gen_random_uuid() AS id FROM unnest('{${orgs.join()}}'::uuid[]) org_id, generate_series(1, ${sessions});
    INSERT INTO sessions (org_id, id, harness_id, harness_session_id, turn_count, latest_sequence)
      SELECT org_id, id, 'h', id, 4, 4 FROM short;
    INSERT INTO session_events (org_id, session_id, sequence, id, event_type, created_at, metadata)
      SELECT org_id, id, i, i, 'step', now(), '{}' FROM short, generate_series(1, 4) i;
    INSERT INTO turns (org_id, id, session_id, receipt, root_hash, head_hash, chain_length, provider, model, first_sequence,
                       last_sequence, created_at)
      SELECT org_id, gen_random_uuid(), id, gen_random_uuid(), 'r', id::text || i, 2, 'p', 'm', i, i, now()
      FROM short, generate_series(1, 4) i;
    DROP TABLE short`);
}
