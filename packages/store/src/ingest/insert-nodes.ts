import type { PreparedSessionTurn } from "@turnpike/domain/prepare/prepared-turn";
import type { ChainNode } from "@turnpike/domain/chain/turn-chain";
import { joinJson } from "../connection/array-literal.ts";
import type { Transaction } from "../connection/write-pool.ts";

/** A turn with the id of its session, which its new nodes are stamped with. */
export interface PlacedTurn {
  readonly turn: PreparedSessionTurn;
  readonly sessionId: string;
}

/**
 * Insert the nodes of these turns that their orgs do not have yet, and complete those of their heads that were first
 * seen as somebody's history.
 * @param known for each turn, how many of its nodes were found to be stored.
 */
export async function insertNodes(
  tx: Transaction,
  placed: readonly PlacedTurn[],
  known: readonly number[],
): Promise<void> {
  const fresh = new Map<string, NodeRow>();
  placed.forEach(({ turn, sessionId }, index) => {
    for (const node of turn.nodes.slice(known[index])) {
      const id = turn.orgId + node.hash;
      const row = { node, turn, sessionId };
      const other = fresh.get(id);
      // Of turns that bring the same node, the one whose head it is knows the most of it.
      if (other === undefined || (isHead(row) && !isHead(other))) fresh.set(id, row);
    }
  });
  // Sorted, so that two transactions that bring the same nodes wait for each other in one direction only.
  const rows = [...fresh.entries()].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, row]) => row);
  // Both, always, and before anything else is waited for: then everybody takes nodes before sessions.
  await Promise.all([rows.length > 0 && writeNodes(tx, rows), completeHeads(tx, placed)]);
}

interface NodeRow {
  readonly node: ChainNode;
  readonly turn: PreparedSessionTurn;
  readonly sessionId: string;
}

function isHead({ node, turn }: NodeRow): boolean {
  return node.hash === turn.facts.headHash;
}

/**
 * Count, for each turn, how many nodes from the root on are stored. If a node is stored then so are its ancestors, so
 * this is a binary search for the last stored one: a handful of index probes, however long the history.
 *
 * The first two probes are at the end of what the turn before has left, where it is nearly always found; it is the last message of
 * an assistant in the request.
 *
 * A probe is no EXISTS: of a table without statistics the planner would hash all nodes of the org instead, for every turn.
 *
 * A turn whose receipt is stored has its nodes, all of them; or it was erased since, and a job that runs again must not
 * bring them back.
 */
export async function countKnownNodes(
  tx: Transaction,
  turns: readonly Pick<PreparedSessionTurn, "orgId" | "receipt" | "nodes">[],
): Promise<number[]> {
  const rows = await tx<{ known: number }>`
    SELECT (
      WITH RECURSIVE search (step, low, high, middle) AS (
        SELECT 0, found.low, chain.length, greatest(1, chain.guess)
        FROM (
          SELECT CASE WHEN EXISTS (
                   SELECT FROM receipts r WHERE r.org_id = chain.org_id AND r.receipt = chain.receipt
                 ) THEN chain.length ELSE 0 END AS low
        ) AS found
        UNION ALL
        SELECT next.step, next.low, next.high,
               CASE WHEN next.step = 1 AND next.low = chain.guess THEN next.low + 1 ELSE (next.low + next.high + 1) / 2 END
        FROM search
        CROSS JOIN LATERAL (
          SELECT (SELECT true FROM nodes n WHERE n.org_id = chain.org_id AND n.hash = chain.hashes[search.middle]) AS hit
        ) AS probe
        CROSS JOIN LATERAL (
          SELECT search.step + 1 AS step, CASE WHEN probe.hit THEN search.middle ELSE search.low END AS low,
                 CASE WHEN probe.hit THEN search.high ELSE search.middle - 1 END AS high
        ) AS next
        WHERE search.low < search.high
      )
      SELECT max(low) FROM search
    )::int AS known
    FROM (
      SELECT ordinal, org_id, receipt, length, guess, string_to_array(joined, ',') AS hashes
      FROM unnest(
        ${turns.map(({ orgId }) => orgId)}::uuid[],
        ${turns.map(({ receipt }) => receipt)}::uuid[],
        ${turns.map(({ nodes }) => nodes.length)}::int[],
        ${turns.map(({ nodes }) => guessKnown(nodes))}::int[],
        ${turns.map(({ nodes }) => nodes.map((node) => node.hash).join(","))}::text[]
      ) WITH ORDINALITY AS t (org_id, receipt, length, guess, joined, ordinal)
      OFFSET 0
    ) AS chain
    ORDER BY chain.ordinal`;
  return rows.map((row) => row.known);
}

/** The response of the turn before is the last that was stored with it. */
function guessKnown(nodes: readonly ChainNode[]): number {
  return nodes.slice(0, -1).findLastIndex(({ role }) => role === "assistant") + 1;
}

async function writeNodes(tx: Transaction, rows: readonly NodeRow[]): Promise<void> {
  const head = (row: NodeRow) => (isHead(row) ? row.turn.facts : undefined);
  await tx`
    INSERT INTO nodes (org_id, hash, parent_hash, session_id, role, content, provider, agent_name,
                       model, stop_reason, input_tokens, output_tokens)
    SELECT org_id, hash, parent_hash, session_id, role, content::json, provider, agent_name,
           model, stop_reason, input_tokens, output_tokens
    FROM unnest(
      ${rows.map((row) => row.turn.orgId)}::uuid[],
      ${rows.map((row) => row.node.hash)}::text[],
      ${rows.map((row) => row.node.parentHash)}::text[],
      ${rows.map((row) => row.sessionId)}::uuid[],
      ${rows.map((row) => row.node.role)}::text[],
      string_to_array(${joinJson(rows.map((row) => row.node.content))}, chr(31)),
      ${rows.map((row) => row.turn.facts.provider)}::text[],
      ${rows.map((row) => row.turn.facts.agentName ?? null)}::text[],
      ${rows.map((row) => head(row)?.model ?? null)}::text[],
      ${rows.map((row) => head(row)?.stopReason ?? null)}::text[],
      ${rows.map((row) => head(row)?.inputTokens ?? null)}::bigint[],
      ${rows.map((row) => head(row)?.outputTokens ?? null)}::bigint[]
    ) AS t (org_id, hash, parent_hash, session_id, role, content, provider, agent_name,
            model, stop_reason, input_tokens, output_tokens)
    ON CONFLICT (org_id, hash) DO NOTHING`;
}

/** A head that came first as history has no model yet. Rows are locked in the order of their keys. */
async function completeHeads(tx: Transaction, placed: readonly PlacedTurn[]): Promise<void> {
  const facts = placed.map(({ turn }) => turn.facts);
  await tx`
    WITH heads AS (
      SELECT DISTINCT ON (org_id, hash) *
      FROM unnest(
        ${placed.map(({ turn }) => turn.orgId)}::uuid[],
        ${facts.map((fact) => fact.headHash)}::text[],
        ${facts.map((fact) => fact.model)}::text[],
        ${facts.map((fact) => fact.stopReason ?? null)}::text[],
        ${facts.map((fact) => fact.inputTokens)}::bigint[],
        ${facts.map((fact) => fact.outputTokens)}::bigint[]
      ) WITH ORDINALITY AS t (org_id, hash, model, stop_reason, input_tokens, output_tokens, ordinal)
      ORDER BY org_id, hash, ordinal
    ), bare AS (
      SELECT n.org_id, n.hash FROM heads h CROSS JOIN LATERAL (
        SELECT org_id, hash FROM nodes WHERE org_id = h.org_id AND hash = h.hash AND model IS NULL FOR UPDATE
      ) n
    )
    UPDATE nodes n
    SET model = h.model, stop_reason = h.stop_reason, input_tokens = h.input_tokens, output_tokens = h.output_tokens
    FROM heads h JOIN bare b ON b.org_id = h.org_id AND b.hash = h.hash
    WHERE n.org_id = b.org_id AND n.hash = b.hash`;
}
