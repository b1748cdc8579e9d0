import { AppError } from "@turnpike/domain/errors";
import { and, asc, eq, gte, sql } from "drizzle-orm";
import { turns } from "../../schema.ts";
import { markRow } from "../fill-large.ts";
import { LARGE_OF_TURN, showTurn, turnView } from "./list-turns.ts";
import { LARGE_OF_NODE, nodeColumns, type NodeRow, type NodeView, showNode } from "./node-view.ts";
import type { ReadDatabase } from "../../connection/read-database.ts";

/**
 * Get one turn with its whole chain, root to head, with the contents that have their share in what a page may be. The others are to
 * be read with `readContents`.
 * @throws AppError `not_found`, also when the turn is another session's or another org's.
 */
export async function getTurn(db: ReadDatabase, orgId: string, sessionId: string, turnId: string) {
  // The first from its id on: only the primary key gives this order. By equality the planner may go through the session's turns.
  const [first] = await db
    .select(turnView(0))
    .from(turns)
    .where(and(eq(turns.orgId, orgId), gte(turns.id, turnId)))
    .orderBy(asc(turns.id))
    .limit(1);
  const turn = first?.id === turnId && first.sessionId === sessionId ? first : undefined;
  const chain = turn && (await listChain(db, orgId, turn.headHash, turn.chainLength));
  // Without its chain the turn was erased in between.
  if (turn === undefined || chain?.length !== turn.chainLength) {
    throw new AppError("not_found", "no such turn in this session");
  }
  return { ...showTurn(markRow(turn, LARGE_OF_TURN)), nodes: chain };
}

async function listChain(
  db: ReadDatabase,
  orgId: string,
  headHash: string,
  length: number,
): Promise<NodeView[]> {
  // The lateral parts keep each step an index look-up, whatever the planner expects of the step before.
  const rows: readonly NodeRow[] = await db.execute<NodeRow & Record<string, unknown>>(sql`
    WITH RECURSIVE chain AS (
      SELECT n.hash, n.parent_hash, 0 AS distance FROM nodes n WHERE n.org_id = ${orgId} AND n.hash = ${headHash}
      UNION ALL
      SELECT p.*, chain.distance + 1 FROM chain CROSS JOIN LATERAL (
        SELECT n.hash, n.parent_hash FROM nodes n
        WHERE n.org_id = ${orgId} AND n.hash = chain.parent_hash OFFSET 0
      ) p
    )
    SELECT ${nodeColumns(length)}
    FROM chain CROSS JOIN LATERAL (
      SELECT * FROM nodes n WHERE n.org_id = ${orgId} AND n.hash = chain.hash OFFSET 0
    ) nodes
    ORDER BY chain.distance DESC`);
  return rows.map((row) => showNode(markRow(row, LARGE_OF_NODE)));
}
