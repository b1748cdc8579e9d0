import { and, type AnyColumn, asc, desc, eq, gte, lt, type SQL, sql } from "drizzle-orm";
import { isLive, sessions, turns } from "../../schema.ts";
import { decodeCursor, encodeCursor, toScope } from "../cursor.ts";
import type { ReadDatabase } from "../../connection/read-database.ts";
import { followsKey, sessionOrders, type SessionSort } from "./session-order.ts";
import { fillLarge } from "../fill-large.ts";
import {
  LARGE_OF_SESSION,
  type SessionStatus,
  sessionView,
  showSession,
  statusConditions,
} from "./session-view.ts";

/** Which sessions to list; conditions are joined by AND. */
export interface SessionFilter {
  readonly harnessId?: string | undefined;
  readonly harnessSessionId?: string | undefined;
  readonly authSubject?: string | undefined;
  /** Sessions with at least one turn of this model. */
  readonly model?: string | undefined;
  /** RFC 3339, inclusive, against the time at which the session was last seen. */
  readonly since?: string | undefined;
  /** RFC 3339, exclusive, against the same. */
  readonly until?: string | undefined;
  readonly parentId?: string | undefined;
  readonly status?: SessionStatus | undefined;
}

/** Which sessions to list, and in which order; among equals the id decides, in the same direction. */
export interface ListSessionsQuery extends SessionFilter {
  readonly sort: SessionSort;
  readonly order: "asc" | "desc";
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/**
 * List an org's sessions a page at a time, by keyset: whoever follows the cursors sees every session exactly once, but for
 * those whose sort value changes meanwhile. Deleted ones are left out. A page ends early when it would be too large.
 * @throws AppError `invalid_query` when the cursor belongs to another query.
 */
export async function listSessions(db: ReadDatabase, orgId: string, query: ListSessionsQuery) {
  const scope = scopeOf(orgId, query);
  const order = sessionOrders[query.sort];
  const toward = query.order === "asc" ? asc : desc;
  const follows =
    query.cursor === undefined
      ? undefined
      : followsKey(order, query.order, decodeCursor(scope, query.cursor));
  const rows = await db
    .select({ ...sessionView(query.limit), sortText: order.text.as("sort_text") })
    .from(sessions)
    .where(and(eq(sessions.orgId, orgId), isLive, ...conditionsOf(orgId, query), follows))
    .orderBy(toward(order.value), toward(sessions.id))
    .limit(query.limit + 1);
  const page = await fillLarge(
    db,
    rows.slice(0, query.limit),
    LARGE_OF_SESSION,
    (held) => metadataOf(orgId, held),
    {
      isBinary: true,
    },
  );
  const last = page.at(-1);
  return {
    items: page.map(({ sortText: _sortText, ...session }) => showSession(session)),
    nextCursor:
      rows.length > page.length && last !== undefined ? encodeCursor(scope, [last.sortText, last.id]) : null,
  };
}

function metadataOf(orgId: string, page: readonly { readonly id: string }[]): SQL {
  return sql`
    SELECT k.place, s.harness_metadata AS json
    FROM unnest(${sql.param(page.map(({ id }) => id))}::uuid[]) WITH ORDINALITY AS k (id, place)
    CROSS JOIN LATERAL (SELECT harness_metadata FROM sessions WHERE org_id = ${orgId} AND id = k.id OFFSET 0) s`;
}

/** What must stay the same from page to page. */
function scopeOf(orgId: string, query: ListSessionsQuery): string {
  const { limit: _limit, cursor: _cursor, ...rest } = query;
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  return toScope(
    "sessions",
    orgId,
    given.sort(([left], [right]) => (left < right ? -1 : 1)),
  );
}

function conditionsOf(orgId: string, filter: SessionFilter): SQL[] {
  const { harnessId, harnessSessionId, authSubject, model, since, until, parentId, status } = filter;
  return [
    ...(harnessId === undefined ? [] : [isText(sessions.harnessId, harnessId)]),
    ...(harnessSessionId === undefined ? [] : [isText(sessions.harnessSessionId, harnessSessionId)]),
    ...(authSubject === undefined ? [] : [isLongText(sessions.authSubject, authSubject)]),
    ...(model === undefined ? [] : [hasTurnOf(orgId, model)]),
    ...(since === undefined ? [] : [gte(sessions.lastSeenAt, since)]),
    ...(until === undefined ? [] : [lt(sessions.lastSeenAt, until)]),
    ...(parentId === undefined ? [] : [eq(sessions.parentSessionId, parentId)]),
    ...(status === undefined ? [] : [statusConditions[status]]),
  ];
}

/** The database cannot hold a NUL, not even in a question: nothing is equal to a text that has one. */
function isText(column: AnyColumn, value: string): SQL {
  return value.includes("\0") ? sql`false` : eq(column, value);
}

/** Of a text without a bound the index holds the hash; the text itself is compared as well. */
function isLongText(column: AnyColumn, value: string): SQL {
  if (value.includes("\0")) return sql`false`;
  return sql`(hashtextextended(${column}, 0) = hashtextextended(${value}, 0) AND ${column} = ${value})`;
}

function hasTurnOf(orgId: string, model: string): SQL {
  return sql`EXISTS (
    SELECT FROM ${turns}
    WHERE ${turns.orgId} = ${orgId} AND ${turns.sessionId} = ${sessions.id} AND ${isLongText(turns.model, model)})`;
}
