/**
 * Decides what a batch writes, from what is stored under its locks: which turns are new, what their sessions become, and
 * which numbers their events take. Pure but for the ids that it mints; the rule that must stay true: counters move, and
 * events are numbered, only for a turn whose row is new.
 */
import type { DraftEvent } from "@turnpike/domain/events/events";
import type { TurnResult } from "@turnpike/domain/ports/ports";
import type { PreparedSessionTurn } from "@turnpike/domain/prepare/prepared-turn";
import type { EventRow } from "./insert-events.ts";
import type { PlacedTurn } from "./insert-nodes.ts";
import type { LinkDecisions } from "./link-parents.ts";
import type { StoredBefore, StoredReceipt } from "./find-stored.ts";
import type { LockedSession } from "./lock-sessions.ts";
import { createSessionChange, type SessionChange } from "./session-change.ts";
import { mintId } from "../connection/mint-id.ts";

/** A turn that is new to its session. */
export interface TurnRow {
  readonly turn: PreparedSessionTurn;
  readonly turnId: string;
  readonly sessionId: string;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseTime: string;
  readonly offsetUs: number;
}

/** A receipt that has no row yet. */
export interface ReceiptRow {
  readonly orgId: string;
  readonly receipt: string;
  readonly headHash: string;
  readonly result: TurnResult;
}

/** All that a batch writes once its nodes are in, and what it answers. */
export interface WritePlan {
  readonly results: readonly TurnResult[];
  readonly sessions: readonly SessionChange[];
  readonly turns: readonly TurnRow[];
  readonly events: readonly EventRow[];
  readonly receipts: readonly ReceiptRow[];
}

/** Decide what a batch writes. Every placed turn's session is among the locked ones. */
export function planWrites(
  placed: readonly PlacedTurn[],
  locked: ReadonlyMap<string, LockedSession>,
  before: StoredBefore,
  links: LinkDecisions,
  reportedRefusals: ReadonlySet<string>,
): WritePlan {
  const changes = new Map(
    [...locked].map(([id, session]) => [id, createSessionChange(session, links.accepted.get(id))]),
  );
  const turnIds = new Map(before.turns);
  const reported = new Set(reportedRefusals);
  const receipts = new Map<string, ReceiptRow>();
  const turns: TurnRow[] = [];
  const events: EventRow[] = [];

  const results = placed.map(({ turn, sessionId }): TurnResult => {
    const change = changes.get(sessionId);
    if (change === undefined) throw new Error("a placed turn's session was not locked");
    const replayed = before.receipts.get(turn.receipt) ?? receipts.get(turn.receipt)?.result;
    if (replayed !== undefined) return resultOf(replayed);
    const headKey = `${sessionId} ${turn.facts.headHash}`;
    const storedId = turnIds.get(headKey);
    const result: TurnResult =
      storedId === undefined
        ? storeTurn(turn, change)
        : { outcome: "duplicate", sessionId, turnId: storedId };
    if (storedId !== undefined) change.fillBlanks(turn.session);
    receipts.set(turn.receipt, {
      orgId: turn.orgId,
      receipt: turn.receipt,
      headHash: turn.facts.headHash,
      result,
    });
    turnIds.set(headKey, result.turnId);
    return result;
  });

  return {
    results,
    sessions: [...changes.values()].filter((change) => change.isDirty()),
    turns,
    events,
    receipts: [...receipts.values()],
  };

  function storeTurn(turn: PreparedSessionTurn, change: SessionChange): TurnResult {
    const sessionId = change.session.id;
    const turnId = mintId();
    const drafts = [...openingEvents(turn, change), ...turn.events];
    const first = change.takeNumbers(drafts.length);
    drafts.forEach((event, index) => {
      events.push({
        orgId: turn.orgId,
        sessionId,
        sequence: first.sequence + index,
        id: event.eventType === "parent_link_refused" ? refusalId(event.metadata.parentSessionId) : mintId(),
        eventType: event.eventType,
        occurredAt: turn.facts.occurredAt,
        metadata: event.metadata,
        nodeHash: event.nodeHash,
        turnId: belongsToTurn(event) ? turnId : undefined,
        baseTime: change.session.nextEventAt,
        offsetUs: first.offsetUs + index,
      });
    });
    const lastSequence = first.sequence + drafts.length - 1;
    turns.push({
      turn,
      turnId,
      sessionId,
      firstSequence: first.sequence,
      lastSequence,
      baseTime: change.session.nextEventAt,
      offsetUs: first.offsetUs,
    });
    change.countTurn(turn);
    return { outcome: "stored", sessionId, turnId, firstSequence: first.sequence, lastSequence };
  }

  /** What only the store knows: that the session is new, and that its parent link was refused (said once). */
  function openingEvents(turn: PreparedSessionTurn, change: SessionChange): DraftEvent[] {
    const sessionId = change.session.id;
    const refusals = [...(links.refused.get(sessionId) ?? [])].filter(
      (parentId) => !reported.has(refusalKey(sessionId, parentId)),
    );
    for (const parentId of refusals) reported.add(refusalKey(sessionId, parentId));
    return [
      ...(change.isFirstTurn()
        ? [sessionCreated(turn, change.facts.parentSessionId ?? change.session.parentSessionId)]
        : []),
      ...refusals.map((parentSessionId): DraftEvent => ({
        eventType: "parent_link_refused",
        metadata: { parentSessionId, reason: "cycle" },
      })),
    ];
  }
}

/** The event id of a refused link: the same link is refused aloud only once in a session. */
export function refusalId(parentSessionId: string): string {
  return `parent_link_refused:${parentSessionId}`;
}

/** How a reported refusal is known among those of a batch. */
export function refusalKey(sessionId: string, parentSessionId: string): string {
  return `${sessionId} ${parentSessionId}`;
}

/** What says something of the session does not name the turn that happened to arrive first. */
function belongsToTurn(event: DraftEvent): boolean {
  return event.eventType !== "session_created" && event.eventType !== "parent_link_refused";
}

function sessionCreated(turn: PreparedSessionTurn, parentSessionId: string | null): DraftEvent {
  const { session } = turn;
  return {
    eventType: "session_created",
    metadata: {
      harnessId: session.harnessId,
      harnessSessionId: session.harnessSessionId,
      ...(session.harnessVersion === undefined ? {} : { harnessVersion: session.harnessVersion }),
      ...(session.cwd === undefined ? {} : { cwd: session.cwd }),
      ...(session.name === undefined ? {} : { name: session.name }),
      ...(parentSessionId === null ? {} : { parentSessionId }),
    },
  };
}

function resultOf(stored: StoredReceipt | TurnResult): TurnResult {
  const { sessionId, turnId } = stored;
  if (stored.outcome === "duplicate") return { outcome: "duplicate", sessionId, turnId };
  return {
    outcome: "stored",
    sessionId,
    turnId,
    firstSequence: stored.firstSequence ?? 0,
    lastSequence: stored.lastSequence ?? 0,
  };
}
