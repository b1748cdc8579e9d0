import type { Sql } from "postgres";

/** All that an org holds, in a form that does not depend on minted ids, times or the order of arrival. */
export interface OrgSnapshot {
  readonly sessions: readonly Readonly<Record<string, unknown>>[];
  readonly nodeHashes: readonly string[];
  readonly turnHeads: readonly string[];
  /** `session type turn node`, the turn by its head. */
  readonly events: readonly string[];
}

/** Read an org's snapshot, checking on the way what must hold in any state: no gap, no disorder, sums that add up. */
export async function readSnapshot(sql: Sql, orgId: string): Promise<OrgSnapshot> {
  const sessions = await sql`
    SELECT harness_id, harness_session_id, turn_count, unpriced_turn_count, total_input_tokens, total_output_tokens,
           total_cost_usd, latest_sequence,
           (SELECT p.harness_session_id FROM sessions p
            WHERE p.org_id = s.org_id AND p.id = s.parent_session_id) AS parent
    FROM sessions s WHERE org_id = ${orgId} ORDER BY harness_id, harness_session_id`;
  const nodes = await sql`SELECT hash FROM nodes WHERE org_id = ${orgId} ORDER BY hash`;
  const turns = await sql`SELECT head_hash FROM turns WHERE org_id = ${orgId} ORDER BY head_hash`;
  const events = await sql<{ event: string }[]>`
    SELECT concat_ws(' ', s.harness_session_id, e.event_type, t.head_hash, e.node_hash) AS event
    FROM session_events e
    JOIN sessions s ON s.org_id = e.org_id AND s.id = e.session_id
    LEFT JOIN turns t ON t.org_id = e.org_id AND t.id = e.turn_id
    WHERE e.org_id = ${orgId} ORDER BY 1`;
  await checkInvariants(sql, orgId);
  return {
    sessions: sessions.map((row) => ({ ...row })),
    nodeHashes: nodes.map((row) => row["hash"] as string),
    turnHeads: turns.map((row) => row["head_hash"] as string),
    events: events.map((row) => row.event),
  };
}

/**
 * Check what must hold at any moment.
 * @throws Error that names the rule and the rows that break it.
 */
export async function checkInvariants(sql: Sql, orgId: string): Promise<void> {
  const broken = {
    "numbers run from 1 to the counter without a gap": await sql`
      SELECT s.id FROM sessions s
      LEFT JOIN session_events e ON e.org_id = s.org_id AND e.session_id = s.id
      WHERE s.org_id = ${orgId} GROUP BY s.org_id, s.id, s.latest_sequence
      HAVING count(e.sequence) <> s.latest_sequence OR coalesce(max(e.sequence), 0) <> s.latest_sequence
         OR coalesce(min(e.sequence), 1) <> 1`,
    "times strictly increase with the numbers": await sql`
      SELECT session_id, sequence FROM (
        SELECT session_id, sequence, created_at,
               lag(created_at) OVER (PARTITION BY session_id ORDER BY sequence) AS before
        FROM session_events WHERE org_id = ${orgId}) e WHERE created_at <= before`,
    "counters are the sums over the turns": await sql`
      SELECT s.id FROM sessions s LEFT JOIN turns t ON t.org_id = s.org_id AND t.session_id = s.id
      WHERE s.org_id = ${orgId} GROUP BY s.org_id, s.id
      HAVING count(t.id) <> s.turn_count OR coalesce(sum(t.input_tokens), 0) <> s.total_input_tokens
         OR coalesce(sum(t.output_tokens), 0) <> s.total_output_tokens
         OR coalesce(sum(t.cost_usd), 0) <> s.total_cost_usd`,
    "every node's parent is stored": await sql`
      SELECT n.hash FROM nodes n WHERE n.org_id = ${orgId} AND n.parent_hash IS NOT NULL AND NOT EXISTS (
        SELECT FROM nodes p WHERE p.org_id = n.org_id AND p.hash = n.parent_hash)`,
    "every head is stored and has its model": await sql`
      SELECT t.id FROM turns t LEFT JOIN nodes n ON n.org_id = t.org_id AND n.hash = t.head_hash
      WHERE t.org_id = ${orgId} AND n.model IS NULL`,
    "every turn's own receipt is there": await sql`
      SELECT t.id FROM turns t LEFT JOIN receipts r ON r.org_id = t.org_id AND r.receipt = t.receipt
      WHERE t.org_id = ${orgId} AND r.outcome IS DISTINCT FROM 'stored'`,
    "the ledger's counts are those of the receipts": await sql`
      SELECT outcome FROM (
        SELECT outcome, count(*) AS n FROM receipts WHERE org_id = ${orgId} GROUP BY outcome) r
      FULL JOIN (
        SELECT outcome, sum(count) AS n FROM ledger_counts
        WHERE org_id = ${orgId} AND outcome <> 'before' GROUP BY outcome) l USING (outcome)
      WHERE r.n IS DISTINCT FROM l.n`,
    "every node is of some turn's chain, or came outside a session": await sql`
      WITH RECURSIVE chain (hash, parent_hash) AS (
        SELECT n.hash, n.parent_hash FROM turns t JOIN nodes n ON n.org_id = t.org_id AND n.hash = t.head_hash
        WHERE t.org_id = ${orgId}
        UNION
        SELECT p.* FROM chain CROSS JOIN LATERAL (
          SELECT n.hash, n.parent_hash FROM nodes n
          WHERE n.org_id = ${orgId} AND n.hash = chain.parent_hash OFFSET 0) p)
      SELECT n.hash FROM nodes n WHERE n.org_id = ${orgId} AND n.session_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM chain WHERE chain.hash = n.hash)`,
    "nothing is left of a deleted session but its numbers": await sql`
      SELECT s.id FROM sessions s WHERE s.org_id = ${orgId} AND s.deleted_at IS NOT NULL AND (
        s.turn_count > 0 OR s.auth_subject <> '' OR s.harness_metadata <> '{}'
        OR coalesce(s.harness_version, s.cwd, s.name, s.display_name) IS NOT NULL
        OR EXISTS (SELECT FROM turns t WHERE t.org_id = s.org_id AND t.session_id = s.id)
        OR EXISTS (SELECT FROM runs r WHERE r.org_id = s.org_id AND r.session_id = s.id)
        OR EXISTS (SELECT FROM session_events e WHERE e.org_id = s.org_id AND e.session_id = s.id
                   AND (e.event_type <> 'redacted' OR e.metadata::text <> '{}' OR e.occurred_at IS NOT NULL
                        OR coalesce(e.run_id, e.message, e.node_hash, e.turn_id::text) IS NOT NULL)))`,
    "no session is its own ancestor": await sql`
      WITH RECURSIVE up (id, ancestor) AS (
        SELECT id, parent_session_id FROM sessions WHERE org_id = ${orgId} AND parent_session_id IS NOT NULL
        UNION
        SELECT up.id, s.parent_session_id FROM up
        JOIN sessions s ON s.org_id = ${orgId} AND s.id = up.ancestor WHERE s.parent_session_id IS NOT NULL)
      SELECT id FROM up WHERE id = ancestor`,
  };
  for (const [rule, rows] of Object.entries(broken)) {
    if (rows.length > 0) throw new Error(`broken: ${rule}: ${JSON.stringify(rows.slice(0, 3))}`);
  }
}
