import type { NewEvent, SessionFlush, StoredEvent } from "@turnpike/domain/events/event-store";
import { findOrMakeSessions, keyOf } from "../ingest/find-sessions.ts";
import { type LinkDecisions, linkParents } from "../ingest/link-parents.ts";
import { lockSessions } from "../ingest/lock-sessions.ts";
import { refusalId } from "../ingest/plan-writes.ts";
import { createSessionChange } from "../ingest/session-change.ts";
import { updateSessions } from "../ingest/write-plan.ts";
import type { Transaction } from "../connection/write-pool.ts";
import { appendToLocked } from "./append-events.ts";

/** What a flush left behind. */
export interface FlushResult {
  readonly sessionId: string;
  readonly events: StoredEvent[];
  /** The session's latest number before the flush: what lies above it is new. */
  readonly latestBefore: number;
}

/** Store a session's facts, a run and events, as part of the caller's transaction: all or nothing. */
export async function flushSession(tx: Transaction, flush: SessionFlush): Promise<FlushResult> {
  const { orgId, session: facts } = flush;
  const sessions = await findOrMakeSessions(tx, [
    { orgId, ...facts },
    ...(facts.parent ? [{ orgId, ...facts.parent }] : []),
  ]);
  const found = sessions.get(keyOf({ orgId, ...facts }));
  if (found === undefined) throw new Error("a session that was just made was not found");
  const parent = facts.parent && sessions.get(keyOf({ orgId, ...facts.parent }));
  const links = await linkParents(
    tx,
    parent ? [{ orgId, childId: found.id, parentId: parent.id, knownParentId: found.parentSessionId }] : [],
  );
  const locked = (await lockSessions(tx, [{ orgId, sessionId: found.id }])).get(found.id);
  if (locked === undefined) throw new Error("a session that was just found could not be locked");
  const change = createSessionChange(locked, links.accepted.get(found.id));
  const before = locked.latestSequence;
  const refusals = refusalEvents(links, found.id);
  const events = (await appendToLocked(tx, change, [...refusals, ...flush.events])).slice(refusals.length);
  // A flush that brings nothing new is a retry, and a late retry never undoes a newer fact, nor a deletion.
  const isNew = events.some((event) => event.sequence > before);
  if (isNew) change.takeFacts(facts);
  else if (!locked.isDeleted) change.fillBlanks(facts);
  if (change.isDirty()) await updateSessions(tx, [change]);
  if (flush.run && (isNew || !locked.isDeleted)) await putRun(tx, orgId, found.id, flush.run);
  return { sessionId: found.id, events, latestBefore: before };
}

/** A refused link is an event with an id of its own: it is told once, however often it is refused. */
function refusalEvents(links: LinkDecisions, sessionId: string): NewEvent[] {
  return [...(links.refused.get(sessionId) ?? [])].map((parentSessionId) => ({
    id: refusalId(parentSessionId),
    eventType: "parent_link_refused",
    metadata: { parentSessionId, reason: "cycle" },
  }));
}

async function putRun(
  tx: Transaction,
  orgId: string,
  sessionId: string,
  run: NonNullable<SessionFlush["run"]>,
): Promise<void> {
  await tx`
    INSERT INTO runs (org_id, session_id, id, metadata)
    VALUES (${orgId}, ${sessionId}, ${run.id}, ${JSON.stringify(run.metadata ?? {})})
    ON CONFLICT (org_id, session_id, id) DO UPDATE SET metadata = runs.metadata || excluded.metadata
    WHERE runs.metadata IS DISTINCT FROM runs.metadata || excluded.metadata`;
}
