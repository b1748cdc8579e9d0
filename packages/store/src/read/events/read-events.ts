/**
 * The one query behind every way to read a timeline. Page, session and latest number come from one statement and so from
 * one snapshot: a number that a page does not hold, and that is not above its `latestSequence`, did not match.
 */
import type { EventFilter, EventPage, EventQuery, StoredEvent } from "@turnpike/domain/events/event-store";
import type { JsonObject } from "@turnpike/domain/json/json";
import { type SQL, sql } from "drizzle-orm";
import { sessionEvents } from "../../schema.ts";
import { liveSession } from "../live-session.ts";
import { cutSizes, cutText, jsonFits, SHORT_TEXT, shareOf, type Truncated } from "../page-budget.ts";
import { leftOut, type PartsOptions, readParts } from "../read-parts.ts";
import { executePrepared, isoTime, type ReadDatabase } from "../../connection/read-database.ts";

/** A row of `eventColumns`; all null where a session has no event to show. */
export interface EventRow {
  readonly sequence: string | null;
  readonly id: string;
  readonly eventType: string;
  readonly createdAt: string;
  readonly occurredAt: string | null;
  /** Null when it is more than its share of the page. */
  readonly metadata: JsonObject | null;
  readonly runId: string | null;
  readonly message: string | null;
  readonly nodeHash: string | null;
  readonly turnId: string | null;
  /** Whether the message is not shown, for it is more than its share of the page. */
  readonly isLong: boolean | null;
  /** The sizes of the texts that are cut. */
  readonly cut: Truncated | null;
}

const texts = {
  id: sql`${sessionEvents.id}`,
  eventType: sql`${sessionEvents.eventType}`,
  runId: sql`${sessionEvents.runId}`,
  nodeHash: sql`${sessionEvents.nodeHash}`,
};

interface JoinedRow extends EventRow {
  readonly latestSequence: string;
}

/**
 * Read a page of a session's events; undefined when the org has no such session. By keyset on the primary key: the cost is that of
 * the rows looked at, however deep the page lies. A page ends early when its events would be too large together.
 * @param options.keepsRows see `readParts`: then each event comes.
 */
export async function readEvents(
  db: ReadDatabase,
  orgId: string,
  sessionId: string,
  query: EventQuery,
  options: Pick<PartsOptions, "keepsRows"> = {},
): Promise<EventPage | undefined> {
  const order = query.order ?? "asc";
  const isDescending = isDescendingQuery(query);
  const direction = isDescending ? sql`DESC` : sql`ASC`;
  const rows = await executePrepared<JoinedRow>(
    db,
    sql`
    SELECT s.latest_sequence AS "latestSequence", e.*
    FROM ${liveSession(orgId, sessionId)}
    LEFT JOIN LATERAL (
      SELECT ${eventColumns(query.limit)}
      FROM ${sessionEvents}
      WHERE ${sql.join(conditionsOf(orgId, sessionId, query), sql` AND `)}
      ORDER BY ${sessionEvents.sequence} ${direction}
      LIMIT ${query.limit + 1}
    ) e ON true
    ORDER BY e.sequence ${direction}`,
  );
  const [first] = rows;
  if (first === undefined) return undefined;
  const found = rows.filter((row) => row.sequence !== null);
  const nearest = await toEvents(db, orgId, sessionId, found.slice(0, query.limit), options);
  const hasMore = found.length > nearest.length;
  const events = isDescending && order === "asc" ? nearest.toReversed() : nearest;
  const latestSequence = Number(first.latestSequence);
  return {
    events,
    latestSequence,
    hasMore,
    nextAfter: nextAfterOf(query, events, latestSequence, hasMore && !isDescending),
  };
}

/** Tell whether a page is looked for from above: in that order, or because it is the one nearest below a number. */
export function isDescendingQuery(query: EventQuery): boolean {
  return query.order === "desc" || (query.before !== undefined && query.after === undefined);
}

/** The columns of an event on a page of so many, under the names of `EventRow`. */
export function eventColumns(limit: number): SQL {
  // Half of it for either of the two.
  const share = Math.floor(shareOf(limit) / 2);
  const isLong = sql`octet_length(${sessionEvents.message}) > ${share}::int`;
  return sql`
  ${sessionEvents.sequence} AS sequence, ${cutText(texts.id, SHORT_TEXT)} AS id,
  ${cutText(texts.eventType, SHORT_TEXT)} AS "eventType",
  ${isoTime(sessionEvents.createdAt)} AS "createdAt", ${isoTime(sessionEvents.occurredAt)} AS "occurredAt",
  CASE WHEN ${jsonFits(sql`${sessionEvents.metadata}`, share)} THEN ${sessionEvents.metadata} END AS metadata,
  ${cutText(texts.runId, SHORT_TEXT)} AS "runId", CASE WHEN ${isLong} THEN NULL ELSE ${sessionEvents.message} END AS message,
  ${cutText(texts.nodeHash, SHORT_TEXT)} AS "nodeHash", ${sessionEvents.turnId} AS "turnId", ${isLong} AS "isLong",
  ${cutSizes(texts, SHORT_TEXT)} AS cut`;
}

/** What a filter asks of `session_events`, bound to one session of one org, which is joined as `s`. */
export function conditionsOf(orgId: string, sessionId: string, filter: EventFilter): SQL[] {
  const { after, before, eventTypes, runId, since } = filter;
  return [
    sql`${sessionEvents.orgId} = ${orgId}`,
    sql`${sessionEvents.sessionId} = ${sessionId}`,
    ...(after === undefined ? [] : [sql`${sessionEvents.sequence} > ${after}`]),
    ...(before === undefined ? [] : [sql`${sessionEvents.sequence} < ${before}`]),
    ...(eventTypes === undefined
      ? []
      : [sql`${sessionEvents.eventType} = ANY(${sql.param([...eventTypes])}::text[])`]),
    ...(runId === undefined ? [] : [sql`${sessionEvents.runId} = ${runId}`]),
    ...(since === undefined
      ? []
      : [sql`${sessionEvents.sequence} > ${lastSequenceUntil(orgId, sessionId, since)}`]),
  ];
}

/**
 * The number of the last event up to a time, of the session that is joined as `s`. Times increase with the numbers and these
 * have no gaps, so it is a binary search over the primary key: no index on the time, and no walk over what is too old. Each probe asks for the
 * first event from a number on: the order keeps it one look-up, where an equality may be joined to all events of the session.
 */
function lastSequenceUntil(orgId: string, sessionId: string, time: string): SQL {
  return sql`(
    WITH RECURSIVE search (low, high) AS (
      SELECT 0::bigint, s.latest_sequence
      UNION ALL
      SELECT CASE WHEN probe.is_later THEN low ELSE probe.middle END,
             CASE WHEN probe.is_later THEN probe.middle - 1 ELSE high END
      FROM search
      CROSS JOIN LATERAL (
        SELECT p.sequence AS middle, p.created_at > ${time}::timestamptz AS is_later
        FROM session_events p
        WHERE p.org_id = ${orgId} AND p.session_id = ${sessionId} AND p.sequence >= (low + high + 1) / 2
        ORDER BY p.sequence LIMIT 1
      ) AS probe
      WHERE low < high
    )
    SELECT max(low) FROM search
  )`;
}

/**
 * Where to go on: behind the last event of a page that has more; else behind everything that this snapshot held, so that
 * a reader with a filter does not look at the same rows again.
 */
function nextAfterOf(
  query: EventQuery,
  events: readonly StoredEvent[],
  latestSequence: number,
  hasMoreAbove: boolean,
): number {
  const last = events.reduce((highest, event) => Math.max(highest, event.sequence), 0);
  if (hasMoreAbove) return last;
  const seen = Math.min(latestSequence, (query.before ?? Number.POSITIVE_INFINITY) - 1);
  return Math.max(query.after ?? 0, last, seen);
}

/**
 * Make events of a page's rows. Where parts did not fit they are read now, as far as the page's budget goes: there may be fewer events
 * than rows.
 */
export async function toEvents(
  db: ReadDatabase,
  orgId: string,
  sessionId: string,
  rows: readonly EventRow[],
  options: Pick<PartsOptions, "keepsRows">,
): Promise<StoredEvent[]> {
  if (rows.every((row) => row.metadata !== null && row.isLong !== true))
    return rows.map((row) => toStoredEvent(row));
  const sequences = sql.param(rows.map((row) => row.sequence));
  const parts = await readParts<JsonObject>(
    db,
    sql`
    SELECT k.place, e.metadata AS json, e.message AS text
    FROM unnest(${sequences}::text[]::bigint[]) WITH ORDINALITY AS k (sequence, place)
    CROSS JOIN LATERAL (
      SELECT metadata, message FROM session_events
      WHERE org_id = ${orgId} AND session_id = ${sessionId} AND sequence = k.sequence OFFSET 0
    ) e`,
    rows.length,
    options,
  );
  return parts.map((part) => {
    const { json: metadata, text: message } = part;
    const row = rows[part.place - 1] as EventRow;
    const left = leftOut(part, { json: "metadata", text: "message" });
    const cut = left === undefined ? row.cut : { ...row.cut, ...left };
    return toStoredEvent({ ...row, metadata, message, cut });
  });
}

function toStoredEvent(row: EventRow): StoredEvent {
  return {
    sequence: Number(row.sequence),
    id: row.id,
    eventType: row.eventType,
    createdAt: row.createdAt,
    occurredAt: row.occurredAt,
    metadata: row.metadata ?? {},
    runId: row.runId,
    message: row.message,
    nodeHash: row.nodeHash,
    turnId: row.turnId,
    ...(row.cut === null ? {} : { truncated: row.cut }),
  };
}
