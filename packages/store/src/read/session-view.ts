import { type AnyColumn, type SQL, sql } from "drizzle-orm";
import { sessions } from "../schema.ts";
import { isoTime } from "./read-database.ts";

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
  return sql<string>`coalesce(${table.displayName}, ${table.name}, ${table.harnessSessionId})`;
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

/**
 * The columns of a session as readers see it, for queries that leave out the deleted ones. `totalCostUsd` covers the turns
 * whose model has a known price.
 */
export const sessionView = {
  id: sessions.id,
  orgId: sessions.orgId,
  harnessId: sessions.harnessId,
  harnessSessionId: sessions.harnessSessionId,
  parentSessionId: sessions.parentSessionId,
  displayTitle: displayTitleOf(sessions).as("display_title"),
  status: sql<SessionStatus>`${statusOf(sessions)}`.as("status"),
  authSubject: sessions.authSubject,
  harnessVersion: sessions.harnessVersion,
  cwd: sessions.cwd,
  name: sessions.name,
  displayName: sessions.displayName,
  harnessMetadata: sessions.harnessMetadata,
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
