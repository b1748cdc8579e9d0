import { AppError } from "@turnpike/domain/errors";
import { sql } from "drizzle-orm";
import { nodes } from "../schema.ts";
import { nodeColumns, type NodeView } from "./node-view.ts";
import type { ReadDatabase } from "./read-database.ts";

/**
 * Get one node with its content.
 * @throws AppError `not_found`, also when the node is another org's.
 */
export async function getNode(db: ReadDatabase, orgId: string, hash: string): Promise<NodeView> {
  const [row] = await db.execute<NodeView>(sql`
    SELECT ${nodeColumns} FROM ${nodes} WHERE ${nodes.orgId} = ${orgId} AND ${nodes.hash} = ${hash}`);
  if (row === undefined) throw new AppError("not_found", "no such node");
  return row;
}
