import type { Transaction } from "../connection/write-pool.ts";

/** Make rows for the runs that have none, of a session that this transaction has locked. Those that are there stay as they are. */
export async function putRuns(
  tx: Transaction,
  session: { readonly orgId: string; readonly sessionId: string },
  runIds: readonly string[],
): Promise<void> {
  if (runIds.length === 0) return;
  await tx`
    INSERT INTO runs (org_id, session_id, id)
    SELECT ${session.orgId}::uuid, ${session.sessionId}::uuid, id FROM unnest(${runIds}::text[]) AS id
    ON CONFLICT (org_id, session_id, id) DO NOTHING`;
}
