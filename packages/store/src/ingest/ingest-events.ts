/**
 * The transaction that stores a post of lifecycle events. What must stay true: whatever number of times a job runs, also
 * twice at once, its events are there once and its receipt gives the first result.
 */
import { AppError } from "@turnpike/domain/errors";
import type { EventsResult } from "@turnpike/domain/ports/ports";
import type { PreparedEvents } from "@turnpike/domain/prepare/prepare-events";
import { v5 as uuidv5 } from "uuid";
import { type FlushResult, flushSession } from "../events/flush-session.ts";
import { putRuns } from "../events/put-runs.ts";
import type { Transaction, WritePool } from "../connection/write-pool.ts";

/**
 * Store a post of lifecycle events with its session and the runs that it names, all or none.
 * @throws AppError `event_conflict`, `store_unavailable`, `store_contention` or `store_rejected`; nothing is left behind.
 */
export async function ingestEvents(pool: WritePool, post: PreparedEvents): Promise<EventsResult> {
  return pool.transaction(async (tx) => {
    const known = await findResult(tx, post);
    if (known !== undefined) return known;
    const flushed = await flushSession(tx, {
      orgId: post.orgId,
      session: post.session,
      events: post.events.map((event, index) => ({ ...event, id: event.id ?? idAt(post.receipt, index) })),
    });
    // The same job elsewhere may have come to its end while this one waited for the session's lock.
    const meanwhile = await findResult(tx, post);
    if (meanwhile !== undefined && resultOf(flushed).outcome === "duplicate") return meanwhile;
    // Its events were erased since: what was just appended is rolled back, and the next attempt finds its result.
    if (meanwhile !== undefined)
      throw new AppError("store_contention", "the same events were stored meanwhile");
    await putRuns(tx, { orgId: post.orgId, sessionId: flushed.sessionId }, runIdsOf(post));
    const result = resultOf(flushed);
    await insertReceipt(tx, post, result);
    return result;
  });
}

/** An event's own id, made of its place in its post: the same whenever the job runs. */
function idAt(receipt: string, index: number): string {
  return uuidv5(String(index), receipt);
}

function runIdsOf({ events }: PreparedEvents): string[] {
  return [...new Set(events.flatMap(({ runId }) => (runId === undefined ? [] : [runId])))];
}

function resultOf({ sessionId, events, latestBefore }: FlushResult): EventsResult {
  const taken = events.map(({ sequence }) => sequence).filter((sequence) => sequence > latestBefore);
  if (taken.length === 0) return { outcome: "duplicate", sessionId };
  return {
    outcome: "stored",
    sessionId,
    firstSequence: Math.min(...taken),
    lastSequence: Math.max(...taken),
  };
}

async function findResult(
  tx: Transaction,
  { orgId, receipt }: PreparedEvents,
): Promise<EventsResult | undefined> {
  const [row] = await tx<{
    outcome: "stored" | "duplicate";
    session_id: string;
    first_sequence: string | null;
    last_sequence: string | null;
  }>`
    SELECT outcome, session_id, first_sequence, last_sequence FROM receipts
    WHERE org_id = ${orgId} AND receipt = ${receipt}`;
  if (row === undefined) return undefined;
  if (row.outcome === "duplicate") return { outcome: "duplicate", sessionId: row.session_id };
  return {
    outcome: "stored",
    sessionId: row.session_id,
    firstSequence: Number(row.first_sequence),
    lastSequence: Number(row.last_sequence),
  };
}

async function insertReceipt(tx: Transaction, post: PreparedEvents, result: EventsResult): Promise<void> {
  const numbers = result.outcome === "stored" ? result : undefined;
  await tx`
    INSERT INTO receipts (org_id, receipt, outcome, session_id, first_sequence, last_sequence)
    VALUES (${post.orgId}, ${post.receipt}, ${result.outcome}, ${result.sessionId},
            ${numbers?.firstSequence ?? null}, ${numbers?.lastSequence ?? null})`;
}
