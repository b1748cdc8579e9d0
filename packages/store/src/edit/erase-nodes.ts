import type { Transaction } from "../connection/write-pool.ts";

/**
 * Erase the nodes of a session's chains that nothing else holds: neither a turn of another session, nor a chain that came
 * outside a session. If a node stays then so do its ancestors, at any moment: what stays is decided first, upwards from
 * whatever is held. Only under the org's node lock, taken exclusively in an earlier statement: a transaction that has found
 * a node and is about to put a child under it would not be seen here. What comes outside a session takes no lock; it claims
 * each node before its children, and a claimed one is left alone, which is asked again of the row that is erased.
 *
 * The work grows with the nodes of the session, not with those of the org.
 */
export async function eraseNodes(tx: Transaction, orgId: string, sessionId: string): Promise<void> {
  // The lateral parts keep each step an index look-up, whatever the planner expects of the step before. Children are
  // materialised: told apart one by one, they would each cost a look at all of the session's nodes. Their org is taken from the
  // parent's row: of one that the planner knows, and that is too new for the statistics, it expects one node, and would read
  // all of them; of any org, more than one.
  await tx`
    WITH RECURSIVE own AS (
      SELECT h.* FROM turns t CROSS JOIN LATERAL (
        SELECT n.org_id, n.hash, n.parent_hash, n.session_id FROM nodes n
        WHERE n.org_id = ${orgId} AND n.hash = t.head_hash OFFSET 0
      ) h
      WHERE t.org_id = ${orgId} AND t.session_id = ${sessionId}
      UNION
      SELECT p.* FROM own CROSS JOIN LATERAL (
        SELECT n.org_id, n.hash, n.parent_hash, n.session_id FROM nodes n
        WHERE n.org_id = ${orgId} AND n.hash = own.parent_hash OFFSET 0
      ) p
    ), child AS MATERIALIZED (
      SELECT own.hash AS parent_hash, c.hash FROM own CROSS JOIN LATERAL (
        SELECT n.hash FROM nodes n WHERE n.parent_hash = own.hash AND n.org_id = own.org_id OFFSET 0
      ) c
    ), anchor AS (
      SELECT hash, parent_hash FROM own WHERE session_id IS NULL
      UNION
      SELECT own.hash, own.parent_hash FROM own CROSS JOIN LATERAL (
        SELECT FROM turns t
        WHERE t.org_id = ${orgId} AND t.head_hash = own.hash AND t.session_id <> ${sessionId} LIMIT 1
      ) other_turn
      UNION
      SELECT own.hash, own.parent_hash FROM own JOIN child ON child.parent_hash = own.hash
      WHERE NOT EXISTS (SELECT FROM own o WHERE o.hash = child.hash)
    ), held AS (
      SELECT * FROM anchor
      UNION
      SELECT p.* FROM held CROSS JOIN LATERAL (
        SELECT n.hash, n.parent_hash FROM nodes n
        WHERE n.org_id = ${orgId} AND n.hash = held.parent_hash OFFSET 0
      ) p
    )
    DELETE FROM nodes n USING own
    WHERE n.org_id = ${orgId} AND n.hash = own.hash AND n.session_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM held WHERE held.hash = own.hash)`;
}
