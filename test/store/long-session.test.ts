/**
 * A turn, an event and a page of a long session cost a handful of rows, whatever the planner takes the length of a session to be:
 * read from the plans as they were executed, of the product's own statements.
 */
import { prepareEvents } from "@turnpike/domain/prepare/prepare-events";
import { createPostgresStore } from "@turnpike/store/ingest/postgres-store";
import { createReadQueries } from "@turnpike/store/read/read-queries";
import { v7 as uuidv7 } from "uuid";
import { describe, expect, it } from "vitest";
import { fillShortSessions } from "../support/fill-short-sessions.ts";
import { partitionDatabase } from "../support/partition-database.ts";
import { logPlans, readScans } from "../support/plan-log.ts";
import { prepare } from "../support/prepare.ts";
import { type StoreFixture, useStore } from "../support/store-fixture.ts";
import { conversation } from "../support/turn-body.ts";

const TURNS = 150;
const EVENTS = 3_000;
// The steps of a search among 3,600 events, and a page of six; a walk over the session looks at 150 turns or thousands of events.
const MAX_ROWS = 12;
// A statement that is prepared may be planned once for all after five times.
const TIMES = 7;

const session = { harness_id: "claude", harness_session_id: "session-1" };

async function write(
  fixture: StoreFixture,
  org: string,
  turns: readonly string[],
  events: readonly (readonly object[])[],
): Promise<void> {
  const store = createPostgresStore({ url: fixture.url, maxConnections: 1 });
  for (const turn of turns)
    expect(await store.ingestTurns([prepare(turn)])).toMatchObject([{ outcome: "stored" }]);
  for (const post of events) {
    const body = JSON.stringify({ session, events: post });
    await store.ingestEvents(prepareEvents({ receipt: uuidv7(), orgId: org, body }));
  }
  await store.close();
}

async function read(fixture: StoreFixture, org: string): Promise<void> {
  const [turn] = await fixture.sql<{ id: string; sessionId: string }[]>`
    SELECT id, session_id AS "sessionId" FROM turns WHERE org_id = ${org} ORDER BY chain_length DESC LIMIT 1`;
  const [event] = await fixture.sql<{ at: string }[]>`
    SELECT created_at::text AS at FROM session_events WHERE org_id = ${org} AND sequence = ${EVENTS / 2}`;
  if (turn === undefined || event === undefined) throw new Error("nothing was written");
  const { id, sessionId } = turn;
  const reader = createReadQueries({ url: fixture.url, maxConnections: 1 });
  for (let time = 0; time < TIMES; time += 1) {
    await reader.readEvents(org, sessionId, { limit: 5, after: 3 });
    await reader.readEvents(org, sessionId, { limit: 5, before: EVENTS });
    await reader.readEvents(org, sessionId, { limit: 5, order: "desc", eventTypes: ["step"] });
    const since = await reader.readEvents(org, sessionId, { limit: 5, since: event.at });
    expect(since?.events[0]?.sequence).toBe(EVENTS / 2 + 1);
    await reader.readNumberedPage(org, sessionId, { page: 100, perPage: 5, counts: true });
    await reader.readNumberedPage(org, sessionId, { page: 1, perPage: 5, since: event.at, counts: false });
    await reader.listTurns(org, sessionId, { after: 0, limit: 5 });
    await reader.getTurn(org, sessionId, id);
    await reader.readLatest([{ orgId: org, sessionId }]);
    await reader.getLatestSequence(org, sessionId);
  }
  await reader.close(1);
}

// Sessions per other org, how the tables lie, and whether the statistics know of the long session's org.
describe.each([
  { others: 40, partitions: 0, isKnown: true },
  { others: 40, partitions: 0, isKnown: false },
  { others: 1, partitions: 0, isKnown: true },
  { others: 40, partitions: 4, isKnown: true },
  { others: 40, partitions: 4, isKnown: false },
])(
  "among orgs of $others short sessions, $partitions parts, known $isKnown",
  ({ others, partitions, isKnown }) => {
    const fixture = useStore();
    const org = "00000000-0000-4000-9000-000000000001";

    it("what is asked of a long session does not walk over it", async () => {
      const orgs = Array.from(
        { length: 40 },
        (_unused, index) => `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`,
      );
      await fillShortSessions(fixture.sql, orgs, others);
      if (partitions > 0) await partitionDatabase(fixture.url, partitions);
      if (!isKnown) await fixture.sql`ANALYZE`;
      // More than is worth a look at every row of them.
      await fillShortSessions(fixture.sql, [org], 400);
      const turns = conversation({ org, turns: TURNS + TIMES });
      const event = (id: string) => ({ id, type: "step", run_id: "run" });
      const posts = [0, 1, 2].map((post) =>
        Array.from({ length: EVENTS / 3 }, (_unused, index) => event(`${post} ${index}`)),
      );
      await write(fixture, org, turns.slice(0, TURNS), posts);
      if (isKnown) await fixture.sql`ANALYZE`;

      await logPlans(fixture.sql);
      await read(fixture, org);
      const more = Array.from({ length: TIMES }, (_unused, index) => [event(`more ${index}`), event("0 7")]);
      await write(fixture, org, turns.slice(TURNS), more);
      const scans = await readScans(fixture.sql);

      const ofSession = scans.filter(({ table }) => /^(sessions|session_events|turns)(_p\d+)?$/.test(table));
      expect(ofSession.filter(({ rows }) => rows > MAX_ROWS)).toEqual([]);
      // They were seen at all: the search by time, and what is looked up by a turn's head and by an event's id.
      for (const text of [
        "search (low, high)",
        "k (org_id, session_id, head_hash)",
        "AS k (id)",
        "AS latest",
      ]) {
        expect(
          ofSession.filter((scan) => scan.text.includes(text)),
          text,
        ).not.toEqual([]);
      }
    });
  },
);
