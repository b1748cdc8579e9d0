import type { Sql } from "postgres";
import { toStorable } from "@turnpike/domain/prepare/storable-text";
import type { Expectations, ExpectedPost, PostedEvent } from "../load/expectations.ts";
import { type Outcome, readOutcomes } from "./check-receipts.ts";

interface EventRow {
  readonly session: string;
  readonly id: string;
  readonly type: string;
  readonly run_id: string;
  readonly message: string;
  readonly metadata: string;
}

/** Check that each accepted lifecycle event is stored once, as it was sent, and that of two rivals one is stored and one dead. */
export async function checkEvents(sql: Sql, { orgIds, posts }: Expectations): Promise<string[]> {
  const faults: string[] = [];
  for (const orgId of orgIds) {
    const rows = await sql<EventRow[]>`
      SELECT s.harness_session_id AS session, e.id, e.event_type AS type, e.run_id, e.message,
             e.metadata::text AS metadata
      FROM session_events e JOIN sessions s ON s.org_id = e.org_id AND s.id = e.session_id
      WHERE e.org_id = ${orgId} AND e.turn_id IS NULL
        AND e.event_type IN ('run_started', 'run_finished', 'session_paused', 'user_prompt')`;
    const stored = new Map(rows.map((row) => [`${row.session} ${row.id}`, row]));
    const outcomes = await readOutcomes(sql, orgId);
    for (const post of posts.filter((post) => post.orgId === orgId)) {
      faults.push(...checkPost(post, stored, outcomes));
    }
  }
  return faults;
}

function checkPost(
  post: ExpectedPost,
  stored: ReadonlyMap<string, EventRow>,
  outcomes: ReadonlyMap<string, readonly Outcome[]>,
): string[] {
  const name = `events ${post.harnessSessionId} ${post.events[0]?.id}`;
  const ends = new Set(post.receipts.map((receipt) => outcomes.get(receipt)?.[0]?.outcome === "dead"));
  if (ends.size === 0) return [];
  if (ends.size === 2) return [`${name}: the same post is dead and not dead`];
  const isDead = ends.has(true);
  const faults: string[] = [];
  const other = post.rival.post;
  if (other !== undefined && other.receipts.length > 0) {
    const isOtherDead = outcomes.get(other.receipts[0] ?? "")?.[0]?.outcome === "dead";
    if (isDead === isOtherDead) faults.push(`${name}: of two rivals ${isDead ? "both" : "none"} is dead`);
  }
  if (isDead) return faults;
  return [
    ...faults,
    ...post.events.flatMap((event) => {
      const row = stored.get(`${post.harnessSessionId} ${event.id}`);
      return row !== undefined && isSame(event, row) ? [] : [`${name}: ${event.id} is not stored as sent`];
    }),
  ];
}

function isSame(sent: PostedEvent, row: EventRow): boolean {
  const event = toStorable(sent).value;
  return (
    row.type === event.type &&
    row.run_id === event.run_id &&
    row.message === event.message &&
    row.metadata === JSON.stringify(event.metadata)
  );
}
