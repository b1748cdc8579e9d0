import type { NewEvent, StoredEvent } from "@turnpike/domain/events/event-store";
import { AppError } from "@turnpike/domain/errors";
import { type EventRow, insertEvents } from "../ingest/insert-events.ts";
import { type LockedSession, lockSessions } from "../ingest/lock-sessions.ts";
import { createSessionChange, type SessionChange } from "../ingest/session-change.ts";
import { updateSessions } from "../ingest/write-plan.ts";
import type { Transaction, WritePool } from "../connection/write-pool.ts";
import { findEventsById } from "./find-events-by-id.ts";
import { idsOf, type ResolvedEvents, resolveKnown } from "./resolve-known.ts";
import { mintId } from "../connection/mint-id.ts";

/**
 * Append events to a session that is there.
 * @throws AppError `not_found`, `event_conflict`, `store_unavailable`, `store_contention` or `store_rejected`; then none
 *   of the events is appended.
 */
export async function appendEvents(
  pool: WritePool,
  orgId: string,
  sessionId: string,
  events: readonly NewEvent[],
): Promise<StoredEvent[]> {
  if (events.length === 0) return [];
  return pool.transaction(async (tx) => {
    const session = (await lockSessions(tx, [{ orgId, sessionId }])).get(sessionId);
    if (session === undefined || session.isDeleted) throw new AppError("not_found", "no such session");
    const change = createSessionChange(session, undefined);
    const appended = await appendToLocked(tx, change, events);
    if (change.isDirty()) await updateSessions(tx, [change]);
    return appended;
  });
}

/** Append to a session that this transaction has locked; the counters are the caller's to write, from the change. */
export async function appendToLocked(
  tx: Transaction,
  change: SessionChange,
  events: readonly NewEvent[],
): Promise<StoredEvent[]> {
  const { session } = change;
  const resolved = resolveKnown(events, await findEventsById(tx, session, idsOf(events)));
  if (resolved.fresh.length === 0) return toResults(resolved, []);
  const rows = toRows(session, change, resolved.fresh);
  await insertEvents(tx, rows);
  const stored = await findEventsById(
    tx,
    session,
    rows.map((row) => row.id),
  );
  return toResults(
    resolved,
    rows.map((row) => stored.get(row.id) as StoredEvent),
  );
}

function toRows(session: LockedSession, change: SessionChange, events: readonly NewEvent[]): EventRow[] {
  const first = change.takeNumbers(events.length);
  return events.map((event, index) => ({
    orgId: session.orgId,
    sessionId: session.id,
    sequence: first.sequence + index,
    id: event.id ?? mintId(),
    eventType: event.eventType,
    occurredAt: event.occurredAt,
    metadata: event.metadata ?? {},
    runId: event.runId,
    message: event.message,
    baseTime: session.nextEventAt,
    offsetUs: first.offsetUs + index,
  }));
}

function toResults(resolved: ResolvedEvents, appended: readonly StoredEvent[]): StoredEvent[] {
  return resolved.places.map((place) =>
    typeof place === "number" ? (appended[place] as StoredEvent) : place,
  );
}
