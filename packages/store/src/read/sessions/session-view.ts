import { type AnyColumn, type SQL, sql } from "drizzle-orm";
import { sessions } from "../../schema.ts";
import type { JsonObject } from "@turnpike/domain/json/json";
import { bytesLeftOut, cutSizes, cutText, jsonbFits, shareOf } from "../page-budget.ts";
import { isoTime } from "../../connection/read-database.ts";

/** A session that sent nothing for this long is idle. */
const IDLE_AFTER = sql.raw("interval '30 minutes'");

/** Whether a session is known by name only, was heard of lately, or not. */
export type SessionStatus = "placeholder" | "active" | "idle";

/** The same of a session that may be deleted, where it is shown as a part of another's lineage. */
export type LineageStatus = SessionStatus | "deleted";

/** The conditions behind the statuses; of a session that is not deleted exactly one holds. */
export const statusConditions: Readonly<Record<SessionStatus, SQL>> = {
  // A session without events has no turns; the second condition is the one that an index serves.
  placeholder: sql`${sessions.latestSequence} = 0 AND ${sessions.turnCount} = 0`,
  active: sql`${sessions.latestSequence} > 0 AND ${sessions.lastSeenAt} > now() - ${IDLE_AFTER}`,
  idle: sql`${sessions.latestSequence} > 0 AND ${sessions.lastSeenAt} <= now() - ${IDLE_AFTER}`,
};

/** The title that people see: a reader's choice, else the harness's name of it, else its id there. */
export function displayTitleOf(
  table: Readonly<Record<"displayName" | "name" | "harnessSessionId", AnyColumn>>,
): SQL<string> {
  return cutText(sql`coalesce(${table.displayName}, ${table.name}, ${table.harnessSessionId})`);
}

/** The status of a session that may be deleted. */
export function statusOf(
  table: Readonly<Record<"deletedAt" | "latestSequence" | "lastSeenAt", AnyColumn>>,
): SQL<LineageStatus> {
  return sql<LineageStatus>`CASE
    WHEN ${table.deletedAt} IS NOT NULL THEN 'deleted'
    WHEN ${table.latestSequence} = 0 THEN 'placeholder'
    WHEN ${table.lastSeenAt} > now() - ${IDLE_AFTER} THEN 'active'
    ELSE 'idle' END`;
}

const texts = {
  harnessId: sql`${sessions.harnessId}`,
  harnessSessionId: sql`${sessions.harnessSessionId}`,
  authSubject: sql`${sessions.authSubject}`,
  harnessVersion: sql`${sessions.harnessVersion}`,
  cwd: sql`${sessions.cwd}`,
  name: sql`${sessions.name}`,
  displayName: sql`${sessions.displayName}`,
};

/**
 * The columns of a session as readers see it on a page of so many, for queries that leave out the deleted ones; `showSession`
 * names them. `totalCostUsd` covers the turns whose model has a known price.
 */
export function sessionView(limit: number) {
  const metadata = sql`${sessions.harnessMetadata}`;
  const fits = jsonbFits(metadata, shareOf(limit));
  return {
    id: sessions.id,
    orgId: sessions.orgId,
    harnessId: cutText(texts.harnessId).as("harness_id_shown"),
    harnessSessionId: cutText(texts.harnessSessionId).as("harness_session_id_shown"),
    parentSessionId: sessions.parentSessionId,
    displayTitle: displayTitleOf(sessions).as("display_title"),
    status: sql<SessionStatus>`${statusOf(sessions)}`.as("status"),
    authSubject: cutText(texts.authSubject).as("auth_subject_shown"),
    harnessVersion: cutText<string | null>(texts.harnessVersion).as("harness_version_shown"),
    cwd: cutText<string | null>(texts.cwd).as("cwd_shown"),
    name: cutText<string | null>(texts.name).as("name_shown"),
    displayName: cutText<string | null>(texts.displayName).as("display_name_shown"),
    large: sql<JsonObject | null>`CASE WHEN ${fits} THEN ${metadata} END`.as("large"),
    largeBytes: bytesLeftOut(fits, metadata).as("large_bytes"),
    cut: cutSizes(texts).as("cut"),
    turnCount: sessions.turnCount,
    unpricedTurnCount: sessions.unpricedTurnCount,
    totalInputTokens: sessions.totalInputTokens,
    totalOutputTokens: sessions.totalOutputTokens,
    totalCacheCreationInputTokens: sessions.totalCacheCreationInputTokens,
    totalCacheReadInputTokens: sessions.totalCacheReadInputTokens,
    totalCostUsd: sql<number>`${sessions.totalCostUsd}::float8`.as("total_cost_usd"),
    latestSequence: sessions.latestSequence,
    startedAt: isoTime(sessions.startedAt).as("started_at"),
    lastSeenAt: isoTime(sessions.lastSeenAt).as("last_seen_at"),
  };
}

/** Under which name readers know what of a session may be large. */
export const LARGE_OF_SESSION = "harnessMetadata";

/** Show a session under the names that readers know. */
export function showSession<Row extends { readonly large: JsonObject | null }>(row: Row) {
  const { large, ...rest } = row;
  return { ...rest, harnessMetadata: large ?? {} };
}
