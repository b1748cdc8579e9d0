import { and, asc, eq, gt, sql } from "drizzle-orm";
import { turns } from "../schema.ts";
import { isoTime, isoTimeOrNull, type ReadDatabase } from "./read-database.ts";

/** The columns of a turn as readers see it. */
export const turnView = {
  id: turns.id,
  sessionId: turns.sessionId,
  receipt: turns.receipt,
  rootHash: turns.rootHash,
  headHash: turns.headHash,
  chainLength: turns.chainLength,
  provider: turns.provider,
  model: turns.model,
  agentName: turns.agentName,
  stopReason: turns.stopReason,
  inputTokens: turns.inputTokens,
  outputTokens: turns.outputTokens,
  cacheCreationInputTokens: turns.cacheCreationInputTokens,
  cacheReadInputTokens: turns.cacheReadInputTokens,
  costUsd: sql<number | null>`${turns.costUsd}::float8`.as("cost_usd"),
  durationMs: turns.durationMs,
  requestId: turns.requestId,
  upstreamRequestId: turns.upstreamRequestId,
  threadId: turns.threadId,
  occurredAt: isoTimeOrNull(turns.occurredAt).as("occurred_at"),
  createdAt: isoTime(turns.createdAt).as("created_at"),
  replacedChars: turns.replacedChars,
  extra: turns.extra,
  firstSequence: turns.firstSequence,
  lastSequence: turns.lastSequence,
};

/** List a session's turns in the order in which they were stored, by keyset on the number of their first event. */
export async function listTurns(
  db: ReadDatabase,
  orgId: string,
  sessionId: string,
  query: { readonly after: number; readonly limit: number },
) {
  const rows = await db
    .select(turnView)
    .from(turns)
    .where(and(eq(turns.orgId, orgId), eq(turns.sessionId, sessionId), gt(turns.firstSequence, query.after)))
    .orderBy(asc(turns.firstSequence))
    .limit(query.limit + 1);
  const items = rows.slice(0, query.limit);
  return { items, nextAfter: rows.length > query.limit ? (items.at(-1)?.firstSequence ?? null) : null };
}
