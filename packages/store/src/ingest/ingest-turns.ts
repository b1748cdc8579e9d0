/**
 * The one transaction that stores turns (ingest contract, section 7). What must stay true: any order, any concurrency,
 * any repetition of the same turns leaves the same rows and counters. Locks are taken in one order by everybody (the
 * orgs, shared, against erasures; new sessions, lineage, nodes, then existing sessions, each sorted), so that two
 * transactions never wait for each other.
 */
import type { TurnResult } from "@turnpike/domain/ports/ports";
import type { PreparedSessionTurn } from "@turnpike/domain/prepare/prepared-turn";
import { checkChain } from "@turnpike/domain/chain/turn-chain";
import { findOrMakeSessions, keyOf, type SessionMap } from "./find-sessions.ts";
import { countKnownNodes, insertNodes, type PlacedTurn } from "./insert-nodes.ts";
import { linkParents, type LinkDecisions, type LinkWish } from "./link-parents.ts";
import { findStored } from "./find-stored.ts";
import { lockSessions } from "./lock-sessions.ts";
import { planWrites, refusalId, refusalKey, type WritePlan } from "./plan-writes.ts";
import { writePlan } from "./write-plan.ts";
import type { Transaction, WritePool } from "../connection/write-pool.ts";

/**
 * Store turns in one transaction, all or none; results are in the order of the turns. The number of statements depends
 * neither on the number of turns nor on the length of their histories; those that need nothing of each other travel together.
 * @throws AppError `broken_chain`, `store_unavailable`, `store_contention` or `store_rejected`; nothing is left behind.
 */
export async function ingestTurns(
  pool: WritePool,
  turns: readonly PreparedSessionTurn[],
): Promise<TurnResult[]> {
  if (turns.length === 0) return [];
  for (const turn of turns) checkChain(turn.nodes);
  const { results } = await pool.transaction((tx) => prepareWrites(tx, turns), writePlan);
  return [...results];
}

/** Everything but the plan's own rows, which travel with the COMMIT. */
async function prepareWrites(tx: Transaction, turns: readonly PreparedSessionTurn[]): Promise<WritePlan> {
  const [sessions, known] = await Promise.all([
    findOrMakeSessions(tx, turns.flatMap(sessionKeysOf)),
    countKnownNodes(tx, turns),
  ]);
  const placed = turns.map((turn) => ({ turn, sessionId: idOf(sessions, turn) }));
  const links = await linkParents(tx, linkWishes(turns, sessions));
  const [, locked, before] = await Promise.all([
    insertNodes(tx, placed, known),
    lockSessions(
      tx,
      placed.map(({ turn, sessionId }) => ({ orgId: turn.orgId, sessionId })),
    ),
    findStored(tx, placed),
  ]);
  return planWrites(placed, locked, before, links, await findReportedRefusals(tx, placed, links));
}

function sessionKeysOf({ orgId, session }: PreparedSessionTurn) {
  return [{ orgId, ...session }, ...(session.parent ? [{ orgId, ...session.parent }] : [])];
}

function idOf(sessions: SessionMap, turn: PreparedSessionTurn): string {
  const found = sessions.get(keyOf({ orgId: turn.orgId, ...turn.session }));
  if (found === undefined) throw new Error("a session that was just made was not found");
  return found.id;
}

function linkWishes(turns: readonly PreparedSessionTurn[], sessions: SessionMap): LinkWish[] {
  return turns.flatMap(({ orgId, session }) => {
    const child = sessions.get(keyOf({ orgId, ...session }));
    const parent = session.parent && sessions.get(keyOf({ orgId, ...session.parent }));
    if (child === undefined || parent === undefined) return [];
    return [{ orgId, childId: child.id, parentId: parent.id, knownParentId: child.parentSessionId }];
  });
}

/** Refused links are rare; only then is it asked which of them the session's timeline tells already. */
async function findReportedRefusals(
  tx: Transaction,
  placed: readonly PlacedTurn[],
  links: LinkDecisions,
): Promise<ReadonlySet<string>> {
  const refused = placed.flatMap(({ turn, sessionId }) =>
    [...(links.refused.get(sessionId) ?? [])].map((parentId) => ({ orgId: turn.orgId, sessionId, parentId })),
  );
  if (refused.length === 0) return new Set();
  const rows = await tx<{ session_id: string; parent_id: string }>`
    SELECT e.session_id, k.parent_id
    FROM unnest(
      ${refused.map((link) => link.orgId)}::uuid[],
      ${refused.map((link) => link.sessionId)}::uuid[],
      ${refused.map((link) => refusalId(link.parentId))}::text[],
      ${refused.map((link) => link.parentId)}::uuid[]
    ) AS k (org_id, session_id, id, parent_id)
    JOIN session_events e USING (org_id, session_id, id)`;
  return new Set(rows.map((row) => refusalKey(row.session_id, row.parent_id)));
}
