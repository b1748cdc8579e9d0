import type { StoredEvent } from "@turnpike/domain/events/event-store";
import { type SQL, sql } from "drizzle-orm";
import { sessionEvents } from "../../schema.ts";
import { liveSession } from "../live-session.ts";
import { conditionsOf, eventColumns, type EventRow, toEvents } from "./read-events.ts";
import type { ReadDatabase } from "../../connection/read-database.ts";

/** A page by its number, newest first. */
export interface NumberedQuery {
  /** From 1. */
  readonly page: number;
  readonly perPage: number;
  /** RFC 3339, exclusive, against `createdAt`. */
  readonly since?: string | undefined;
  readonly eventType?: string | undefined;
  /** Whether all matching events are to be counted. */
  readonly counts: boolean;
}

/** A page by its number. */
export interface NumberedPage {
  readonly events: readonly StoredEvent[];
  /** How many events match; undefined when they were not to be counted. */
  readonly total: number | undefined;
  readonly hasNext: boolean;
  readonly latestSequence: number;
}

interface JoinedRow extends EventRow {
  readonly latestSequence: string;
  readonly total: string | null;
}

/**
 * Read a page by its number; undefined when the org has no such session. Without a filter the page is found by its
 * numbers, which have no gaps, at the cost of the page alone. With one, the rows above the page are walked: at most those
 * of the session, and for counting all of them.
 */
export async function readNumberedPage(
  db: ReadDatabase,
  orgId: string,
  sessionId: string,
  query: NumberedQuery,
): Promise<NumberedPage | undefined> {
  const skipped = (query.page - 1) * query.perPage;
  const conditions = conditionsOf(orgId, sessionId, {
    since: query.since,
    eventTypes: query.eventType === undefined ? undefined : [query.eventType],
  });
  const isFiltered = query.since !== undefined || query.eventType !== undefined;
  const rows = await db.execute<JoinedRow & Record<string, unknown>>(sql`
    SELECT s.latest_sequence AS "latestSequence", ${totalOf(query, isFiltered, conditions)} AS total, e.*
    FROM ${liveSession(orgId, sessionId)}
    LEFT JOIN LATERAL (
      SELECT ${eventColumns(query.perPage)}
      FROM ${sessionEvents}
      WHERE ${sql.join(conditions, sql` AND `)}
        ${isFiltered ? sql`` : sql`AND ${sessionEvents.sequence} <= s.latest_sequence - ${skipped}::bigint`}
      ORDER BY ${sessionEvents.sequence} DESC
      LIMIT ${query.perPage + 1} OFFSET ${isFiltered ? skipped : 0}
    ) e ON true
    ORDER BY e.sequence DESC`);
  const [first] = rows;
  if (first === undefined) return undefined;
  const found = rows.filter((row) => row.sequence !== null);
  return {
    // Each of them: the number of a page says which events it holds.
    events: await toEvents(db, orgId, sessionId, found.slice(0, query.perPage), { keepsRows: true }),
    total: first.total === null ? undefined : Number(first.total),
    hasNext: found.length > query.perPage,
    latestSequence: Number(first.latestSequence),
  };
}

function totalOf(query: NumberedQuery, isFiltered: boolean, conditions: readonly SQL[]): SQL {
  if (!query.counts) return sql`NULL`;
  if (!isFiltered) return sql`s.latest_sequence`;
  return sql`(SELECT count(*) FROM ${sessionEvents} WHERE ${sql.join([...conditions], sql` AND `)})`;
}
