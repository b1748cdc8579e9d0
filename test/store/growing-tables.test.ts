/** In a database that was empty a moment ago, the look-ups of a turn visit a handful of rows, however fast the tables grow. */
import { randomUUID } from "node:crypto";
import { createPostgresStore } from "@turnpike/store/ingest/postgres-store";
import { expect, it } from "vitest";
import { prepare } from "../support/prepare.ts";
import { useStore } from "../support/store-fixture.ts";
import { conversation } from "../support/turn-body.ts";

const SESSIONS = 32;
const TURNS = 80;
// So many that a connection that is opened now finds a table of a few pages.
const TURNS_BEFORE = 8;

const fixture = useStore();

/** Rows of the turns' table that all look-ups together have visited. Known only of connections that are closed. */
async function readVisits(): Promise<number> {
  const [row] = await fixture.sql<{ visits: number }[]>`
    SELECT coalesce(sum(idx_tup_read), 0)::float8 AS visits FROM pg_stat_user_indexes WHERE relname LIKE 'turns%'`;
  return row?.visits ?? 0;
}

it("a new database takes 2,560 turns without looking through those that it has", async () => {
  const org = randomUUID();
  const sessions = Array.from({ length: SESSIONS }, (_unused, index) =>
    conversation({ org, session: `session-${index}`, turns: TURNS }),
  );
  const store = createPostgresStore({ url: fixture.url, maxConnections: 1 });
  for (let turn = 0; turn < TURNS; turn += 1) {
    const results = await (turn < TURNS_BEFORE ? fixture.store : store).ingestTurns(
      sessions.map((bodies) => prepare(bodies[turn] ?? "")),
    );
    expect(results.map(({ outcome }) => outcome)).toEqual(sessions.map(() => "stored"));
  }
  await store.close();

  const perTurn = (await readVisits()) / (SESSIONS * TURNS);
  // Half of the org's 2,560 by a plan that looks through the org, half of a session's 80 by one that looks through the session.
  expect(perTurn).toBeLessThan(2);
});
