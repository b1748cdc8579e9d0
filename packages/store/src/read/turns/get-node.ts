import { AppError } from "@turnpike/domain/errors";
import { sql } from "drizzle-orm";
import { nodes } from "../../schema.ts";
import { markRow } from "../fill-large.ts";
import { LARGE_OF_NODE, nodeColumns, type NodeRow, type NodeView, showNode } from "./node-view.ts";
import type { ReadDatabase } from "../../connection/read-database.ts";

/**
 * Get one node with its content; without it when that is larger than a page may be: then `readContent` gives it piece by piece.
 * @throws AppError `not_found`, also when the node is another org's.
 */
export async function getNode(db: ReadDatabase, orgId: string, hash: string): Promise<NodeView> {
  const [row]: readonly NodeRow[] = await db.execute<NodeRow & Record<string, unknown>>(sql`
    SELECT ${nodeColumns(0)} FROM ${nodes} WHERE ${nodes.orgId} = ${orgId} AND ${nodes.hash} = ${hash}`);
  if (row === undefined) throw new AppError("not_found", "no such node");
  return showNode(markRow(row, LARGE_OF_NODE));
}
