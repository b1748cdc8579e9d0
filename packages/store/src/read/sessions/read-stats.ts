import { sql } from "drizzle-orm";
import { isTurn } from "../../schema.ts";
import { cutText } from "../page-budget.ts";
import type { ReadDatabase } from "../../connection/read-database.ts";

/** What was used, over some turns. */
export interface Usage {
  /** Sessions with at least one of the turns. */
  readonly sessions: number;
  readonly turns: number;
  /** Turns whose model has no known price; they are no part of the cost. */
  readonly unpricedTurns: number;
  /** Includes both cache counters. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheCreationInputTokens: number;
  readonly cacheReadInputTokens: number;
  readonly costUsd: number;
}

/** What was used in a span of time, altogether and in parts. */
export interface Stats {
  readonly total: Usage;
  /** The models with most turns first, 1,000 at most. Names that are cut and then the same are taken together. */
  readonly byModel: readonly (Usage & { readonly model: string })[];
  /** Days in UTC that have turns, in order. */
  readonly byDay: readonly (Usage & { readonly day: string })[];
}

interface UsageRow extends Usage, Record<string, unknown> {
  readonly model: string | null;
  readonly day: string | null;
}

const MAX_MODELS = 1_000;

/**
 * Sum up an org's turns by the time at which they were stored, in one snapshot: the parts add up to the total, but for
 * sessions, which may be in several. The cost grows with the turns in the span.
 * @param span RFC 3339; `since` inclusive, `until` exclusive.
 */
export async function readStats(
  db: ReadDatabase,
  orgId: string,
  span: { readonly since: string; readonly until: string },
): Promise<Stats> {
  const rows = await db.execute<UsageRow>(sql`
    WITH part AS (
      SELECT session_id, ${cutText(sql`model`)} AS model, (created_at AT TIME ZONE 'UTC')::date AS day, count(*) AS turns,
             count(*) FILTER (WHERE cost_usd IS NULL) AS unpriced, sum(input_tokens) AS input,
             sum(output_tokens) AS output, sum(cache_creation_input_tokens) AS cache_creation,
             sum(cache_read_input_tokens) AS cache_read, sum(cost_usd) AS cost
      FROM turns
      WHERE org_id = ${orgId} AND ${isTurn} AND created_at >= ${span.since}::timestamptz AND created_at < ${span.until}::timestamptz
      GROUP BY 1, 2, 3
    )
    SELECT * FROM (
    SELECT row_number() OVER (PARTITION BY model IS NULL ORDER BY sum(turns) DESC, model) AS rank, model, to_char(day, 'YYYY-MM-DD') AS day, count(DISTINCT session_id)::float8 AS sessions,
           coalesce(sum(turns), 0)::float8 AS turns, coalesce(sum(unpriced), 0)::float8 AS "unpricedTurns",
           coalesce(sum(input), 0)::float8 AS "inputTokens", coalesce(sum(output), 0)::float8 AS "outputTokens",
           coalesce(sum(cache_creation), 0)::float8 AS "cacheCreationInputTokens",
           coalesce(sum(cache_read), 0)::float8 AS "cacheReadInputTokens", coalesce(sum(cost), 0)::float8 AS "costUsd"
    FROM part
    GROUP BY GROUPING SETS ((), (model), (day))
    ) ranked
    WHERE model IS NULL OR rank <= ${MAX_MODELS}
    ORDER BY day, turns DESC, model`);
  const [total] = rows.filter((row) => row.model === null && row.day === null);
  return {
    total: usageOf(total),
    byModel: rows.flatMap((row) => (row.model === null ? [] : [{ model: row.model, ...usageOf(row) }])),
    byDay: rows.flatMap((row) => (row.day === null ? [] : [{ day: row.day, ...usageOf(row) }])),
  };
}

function usageOf(row: UsageRow | undefined): Usage {
  return {
    sessions: row?.sessions ?? 0,
    turns: row?.turns ?? 0,
    unpricedTurns: row?.unpricedTurns ?? 0,
    inputTokens: row?.inputTokens ?? 0,
    outputTokens: row?.outputTokens ?? 0,
    cacheCreationInputTokens: row?.cacheCreationInputTokens ?? 0,
    cacheReadInputTokens: row?.cacheReadInputTokens ?? 0,
    costUsd: row?.costUsd ?? 0,
  };
}
