import { and, eq } from "drizzle-orm";
import { receipts } from "../schema.ts";
import type { ReadDatabase } from "../connection/read-database.ts";

/** Find what became of a turn; undefined when it has not come to its end yet, or is not this org's. */
export async function findReceipt(db: ReadDatabase, orgId: string, receipt: string) {
  const [row] = await db
    .select({
      outcome: receipts.outcome,
      sessionId: receipts.sessionId,
      turnId: receipts.turnId,
      headHash: receipts.headHash,
      firstSequence: receipts.firstSequence,
      lastSequence: receipts.lastSequence,
    })
    .from(receipts)
    .where(and(eq(receipts.orgId, orgId), eq(receipts.receipt, receipt)));
  return row;
}
