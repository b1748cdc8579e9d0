import type { JsonObject } from "@turnpike/domain/json/json";
import { and, asc, eq, gt, sql } from "drizzle-orm";
import { turns } from "../../schema.ts";
import { fillLarge } from "../fill-large.ts";
import { bytesLeftOut, cutSizes, cutText, jsonFits, shareOf } from "../page-budget.ts";
import { isoTime, isoTimeOrNull, type ReadDatabase } from "../../connection/read-database.ts";

const texts = {
  provider: sql`${turns.provider}`,
  model: sql`${turns.model}`,
  agentName: sql`${turns.agentName}`,
  stopReason: sql`${turns.stopReason}`,
  requestId: sql`${turns.requestId}`,
  upstreamRequestId: sql`${turns.upstreamRequestId}`,
  threadId: sql`${turns.threadId}`,
};

/** The columns of a turn as readers see it on a page of so many; `showTurn` names them. */
export function turnView(limit: number) {
  const extra = sql`${turns.extra}`;
  const fits = jsonFits(extra, shareOf(limit));
  return {
    id: turns.id,
    sessionId: turns.sessionId,
    receipt: turns.receipt,
    rootHash: turns.rootHash,
    headHash: turns.headHash,
    chainLength: turns.chainLength,
    provider: cutText(texts.provider).as("provider_shown"),
    model: cutText(texts.model).as("model_shown"),
    agentName: cutText<string | null>(texts.agentName).as("agent_name_shown"),
    stopReason: cutText<string | null>(texts.stopReason).as("stop_reason_shown"),
    inputTokens: turns.inputTokens,
    outputTokens: turns.outputTokens,
    cacheCreationInputTokens: turns.cacheCreationInputTokens,
    cacheReadInputTokens: turns.cacheReadInputTokens,
    costUsd: sql<number | null>`${turns.costUsd}::float8`.as("cost_usd"),
    durationMs: turns.durationMs,
    requestId: cutText<string | null>(texts.requestId).as("request_id_shown"),
    upstreamRequestId: cutText<string | null>(texts.upstreamRequestId).as("upstream_request_id_shown"),
    threadId: cutText<string | null>(texts.threadId).as("thread_id_shown"),
    occurredAt: isoTimeOrNull(turns.occurredAt).as("occurred_at"),
    createdAt: isoTime(turns.createdAt).as("created_at"),
    replacedChars: turns.replacedChars,
    large: sql<JsonObject | null>`CASE WHEN ${fits} THEN ${extra} END`.as("large"),
    largeBytes: bytesLeftOut(fits, extra).as("large_bytes"),
    cut: cutSizes(texts).as("cut"),
    firstSequence: turns.firstSequence,
    lastSequence: turns.lastSequence,
  };
}

/** Under which name readers know what of a turn may be large. */
export const LARGE_OF_TURN = "extra";

/** Show a turn under the names that readers know. */
export function showTurn<Row extends { readonly large: JsonObject | null }>(row: Row) {
  const { large, ...rest } = row;
  return { ...rest, extra: large };
}

/**
 * List a session's turns in the order in which they were stored, by keyset on the number of their first event. A page ends early when
 * it would be too large.
 */
export async function listTurns(
  db: ReadDatabase,
  orgId: string,
  sessionId: string,
  query: { readonly after: number; readonly limit: number },
) {
  const rows = await db
    .select(turnView(query.limit))
    .from(turns)
    .where(and(eq(turns.orgId, orgId), eq(turns.sessionId, sessionId), gt(turns.firstSequence, query.after)))
    .orderBy(asc(turns.firstSequence))
    .limit(query.limit + 1);
  const items = await fillLarge(
    db,
    rows.slice(0, query.limit),
    LARGE_OF_TURN,
    (page) => sql`
    SELECT k.place, t.extra AS json
    FROM unnest(${sql.param(page.map(({ id }) => id))}::uuid[]) WITH ORDINALITY AS k (id, place)
    CROSS JOIN LATERAL (SELECT extra FROM turns WHERE org_id = ${orgId} AND id = k.id OFFSET 0) t`,
  );
  return {
    items: items.map((item) => showTurn(item)),
    nextAfter: rows.length > items.length ? (items.at(-1)?.firstSequence ?? null) : null,
  };
}
