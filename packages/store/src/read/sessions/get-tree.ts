import { AppError } from "@turnpike/domain/errors";
import { sql } from "drizzle-orm";
import { sessions } from "../../schema.ts";
import { isoTime, type ReadDatabase } from "../../connection/read-database.ts";
import { cutSizes, cutText, SHORT_TEXT, type Truncated } from "../page-budget.ts";
import { type LineageStatus, type SessionStatus, statusOf } from "./session-view.ts";

/** More than a person looks at; the query ends there, however large the tree. */
const MAX_ON_EITHER_SIDE = 1_000;

/** Titles are shown in one line. */

const texts = {
  harnessId: sql`${sessions.harnessId}`,
  harnessSessionId: sql`${sessions.harnessSessionId}`,
  displayTitle: sql`coalesce(${sessions.displayName}, ${sessions.name}, ${sessions.harnessSessionId})`,
};

/** Where a session stands in a tree. */
interface Place {
  readonly id: string;
  readonly parentId: string | null;
  /** Of the session that was asked for: 0; of its children 1, of its parent -1. */
  readonly depth: number;
}

/** A session in a tree; of a deleted one nothing but its place is shown. */
export type TreeItem =
  | (Place & { readonly status: "deleted" })
  | (Place & {
      readonly status: SessionStatus;
      readonly harnessId: string;
      readonly harnessSessionId: string;
      readonly displayTitle: string;
      readonly turnCount: number;
      readonly startedAt: string;
      readonly lastSeenAt: string;
      readonly truncated?: Truncated;
    });

/** The lineage of a session. */
export interface SessionTree {
  /** Root first. */
  readonly ancestors: readonly TreeItem[];
  readonly session: TreeItem;
  /** In the order of a drawing: each session right before its children, siblings in the order of their ids. */
  readonly descendants: readonly TreeItem[];
  /** Whether farther ancestors or deeper descendants were left out. */
  readonly truncated: boolean;
}

/**
 * Get a session's ancestors and descendants, nearest first up to 1,000 of each, in one snapshot.
 * @throws AppError `not_found`, also when the session is another org's or deleted.
 */
export async function getTree(db: ReadDatabase, orgId: string, sessionId: string): Promise<SessionTree> {
  // Recursive queries give their rows level by level as they are asked for them: the limits end the walk.
  // The lateral parts keep each step an index look-up, whatever the planner expects of the step before.
  const rows = await db.execute<TreeRow>(sql`
    WITH RECURSIVE self AS (
      SELECT s.id, s.parent_session_id AS parent, 0 AS depth FROM sessions s
      WHERE s.org_id = ${orgId} AND s.id = ${sessionId} AND s.deleted_at IS NULL
    ), up AS (
      SELECT * FROM self
      UNION ALL
      SELECT p.*, up.depth - 1 FROM up CROSS JOIN LATERAL (
        SELECT s.id, s.parent_session_id FROM sessions s WHERE s.org_id = ${orgId} AND s.id = up.parent OFFSET 0
      ) p
    ), down AS (
      SELECT * FROM self
      UNION ALL
      SELECT c.*, down.depth + 1 FROM down CROSS JOIN LATERAL (
        SELECT s.id, s.parent_session_id FROM sessions s
        WHERE s.org_id = ${orgId} AND s.parent_session_id = down.id ORDER BY s.id OFFSET 0
      ) c
    )
    SELECT sessions.id, ${sessions.parentSessionId} AS "parentId", place.depth, ${statusOf(sessions)} AS status,
           ${cutText(texts.harnessId, SHORT_TEXT)} AS "harnessId", ${cutText(texts.harnessSessionId, SHORT_TEXT)} AS "harnessSessionId",
           ${cutText(texts.displayTitle, SHORT_TEXT)} AS "displayTitle", ${cutSizes(texts, SHORT_TEXT)} AS cut, ${sessions.turnCount}::float8 AS "turnCount",
           ${isoTime(sessions.startedAt)} AS "startedAt", ${isoTime(sessions.lastSeenAt)} AS "lastSeenAt"
    FROM (
      (SELECT id, depth FROM up LIMIT ${MAX_ON_EITHER_SIDE + 2})
      UNION
      (SELECT id, depth FROM down LIMIT ${MAX_ON_EITHER_SIDE + 2})
    ) place
    CROSS JOIN LATERAL (
      SELECT * FROM sessions s WHERE s.org_id = ${orgId} AND s.id = place.id OFFSET 0
    ) sessions
    ORDER BY abs(place.depth), sessions.id`);
  const self = rows.find((row) => row.depth === 0);
  if (self === undefined) throw new AppError("not_found", "no such session");
  const above = rows.filter((row) => row.depth < 0);
  const below = rows.filter((row) => row.depth > 0);
  return {
    ancestors: above.slice(0, MAX_ON_EITHER_SIDE).reverse().map(toItem),
    session: toItem(self),
    descendants: inDrawingOrder(self.id, below.slice(0, MAX_ON_EITHER_SIDE)).map(toItem),
    truncated: Math.max(above.length, below.length) > MAX_ON_EITHER_SIDE,
  };
}

interface TreeRow extends Place, Record<string, unknown> {
  readonly id: string;
  readonly parentId: string | null;
  readonly depth: number;
  readonly status: LineageStatus;
  readonly harnessId: string;
  readonly harnessSessionId: string;
  readonly displayTitle: string;
  readonly turnCount: number;
  readonly startedAt: string;
  readonly lastSeenAt: string;
  readonly cut: Truncated | null;
}

function toItem({ id, parentId, depth, status, ...facts }: TreeRow): TreeItem {
  if (status === "deleted") return { id, parentId, depth, status };
  const { harnessId, harnessSessionId, displayTitle, turnCount, startedAt, lastSeenAt, cut } = facts;
  const names = { harnessId, harnessSessionId, displayTitle };
  const item = { id, parentId, depth, status, ...names, turnCount, startedAt, lastSeenAt };
  return cut === null ? item : { ...item, truncated: cut };
}

/** Not by recursion: a lineage may be as deep as it has members. */
function inDrawingOrder(rootId: string, rows: readonly TreeRow[]): TreeRow[] {
  const children = new Map<string | null, TreeRow[]>();
  for (const row of rows) {
    const siblings = children.get(row.parentId);
    if (siblings) siblings.push(row);
    else children.set(row.parentId, [row]);
  }
  const drawn: TreeRow[] = [];
  const waiting = [...(children.get(rootId) ?? [])].reverse();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    drawn.push(next);
    waiting.push(...[...(children.get(next.id) ?? [])].reverse());
  }
  return drawn;
}
