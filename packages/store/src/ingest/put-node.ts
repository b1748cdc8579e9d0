import type { LooseNode, LooseReceipt } from "@turnpike/domain/ports/ports";
import type { Statement } from "../connection/write-pool.ts";

/**
 * Put one node outside a session. Putting it again changes nothing, but for a head that was known as history only (it
 * gets the model, stop reason and usage of its response), and for a node that a session brought: it belongs to no session
 * from now on. No erasure of a session takes such a node away, so parents that were put first are there for their children.
 */
export async function putNode(sql: Statement, node: LooseNode): Promise<void> {
  const { response } = node;
  await sql`
    INSERT INTO nodes (org_id, hash, parent_hash, role, content, provider, agent_name,
                       model, stop_reason, input_tokens, output_tokens)
    VALUES (${node.orgId}, ${node.hash}, ${node.parentHash}, ${node.role}, ${JSON.stringify(node.content)},
            ${node.provider}, ${node.agentName ?? null}, ${response?.model ?? null}, ${response?.stopReason ?? null},
            ${response?.inputTokens ?? null}, ${response?.outputTokens ?? null})
    ON CONFLICT (org_id, hash) DO UPDATE
    SET session_id = NULL, model = coalesce(nodes.model, excluded.model),
        stop_reason = CASE WHEN nodes.model IS NULL THEN excluded.stop_reason ELSE nodes.stop_reason END,
        input_tokens = CASE WHEN nodes.model IS NULL THEN excluded.input_tokens ELSE nodes.input_tokens END,
        output_tokens = CASE WHEN nodes.model IS NULL THEN excluded.output_tokens ELSE nodes.output_tokens END
    WHERE nodes.session_id IS NOT NULL OR (nodes.model IS NULL AND excluded.model IS NOT NULL)`;
}

/** Record that a turn without a session is stored. Recording it again changes nothing. */
export async function putReceipt(sql: Statement, receipt: LooseReceipt): Promise<void> {
  await sql`
    INSERT INTO receipts (org_id, receipt, outcome, head_hash)
    VALUES (${receipt.orgId}, ${receipt.receipt}, 'stored', ${receipt.headHash})
    ON CONFLICT (org_id, receipt) DO NOTHING`;
}
