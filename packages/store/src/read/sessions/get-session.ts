import { AppError } from "@turnpike/domain/errors";
import { and, eq, isNull, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import { sessions } from "../../schema.ts";
import { liveSession } from "../live-session.ts";
import type { ReadDatabase } from "../../connection/read-database.ts";
import { markRow } from "../fill-large.ts";
import { cutText } from "../page-budget.ts";
import { displayTitleOf, LARGE_OF_SESSION, sessionView, showSession, statusOf } from "./session-view.ts";

/**
 * Get one session with its parent, which may be deleted, and the number of its children, deleted ones left out.
 * @throws AppError `not_found`, also when the session is another org's or deleted.
 */
export async function getSession(db: ReadDatabase, orgId: string, sessionId: string) {
  const parent = alias(sessions, "parent");
  const [row] = await db
    .select({
      ...sessionView(0),
      parent: {
        id: parent.id,
        harnessId: cutText(sql`${parent.harnessId}`).as("parent_harness_id"),
        harnessSessionId: cutText(sql`${parent.harnessSessionId}`).as("parent_harness_session_id"),
        displayTitle: displayTitleOf(parent).as("parent_title"),
        status: statusOf(parent).as("parent_status"),
      },
      childCount: sql<number>`(
        SELECT count(*)::int FROM sessions child
        WHERE child.org_id = ${sessions.orgId} AND child.parent_session_id = ${sessions.id} AND child.deleted_at IS NULL
      )`.as("child_count"),
    })
    .from(sessions)
    .leftJoin(parent, and(eq(parent.orgId, sessions.orgId), eq(parent.id, sessions.parentSessionId)))
    .where(and(eq(sessions.orgId, orgId), eq(sessions.id, sessionId), isNull(sessions.deletedAt)));
  if (row === undefined) throw sessionNotFound();
  return showSession(markRow(row, LARGE_OF_SESSION));
}

/**
 * Get the number of a session's latest event.
 * @throws AppError `not_found`, also when the session is another org's or deleted.
 */
export async function getLatestSequence(db: ReadDatabase, orgId: string, sessionId: string): Promise<number> {
  const [row] = await db.execute<{ latest: string }>(
    sql`SELECT s.latest_sequence AS latest FROM ${liveSession(orgId, sessionId)}`,
  );
  if (row === undefined) throw sessionNotFound();
  return Number(row.latest);
}

function sessionNotFound(): AppError {
  return new AppError("not_found", "no such session");
}
