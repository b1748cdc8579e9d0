/** The connection is lost at every statement of the transaction, before and after it reaches the server. */
import { randomUUID } from "node:crypto";
import { isAppError } from "@turnpike/domain/errors";
import type { PreparedSessionTurn } from "@turnpike/domain/prepare/prepared-turn";
import { createPostgresStore, type PostgresStore } from "@turnpike/store/ingest/postgres-store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createStatementCutter, type StatementCutter } from "../support/cut-after.ts";
import { prepare } from "../support/prepare.ts";
import { readSnapshot } from "../support/snapshot.ts";
import { useStore } from "../support/store-fixture.ts";
import { conversation, turnBody } from "../support/turn-body.ts";

const fixture = useStore();
let cutter: StatementCutter;
let store: PostgresStore;

beforeAll(async () => {
  cutter = await createStatementCutter(fixture.url);
  store = createPostgresStore({ url: cutter.url, maxConnections: 1 });
});

afterAll(async () => {
  await store.close();
  await cutter.close();
});

/** A turn that takes every branch: a new session, a parent to make, a link that is refused, a node that is known already. */
function turnsOf(org: string): PreparedSessionTurn[] {
  const parent = { parent_harness_session_id: "session-1" };
  return [
    prepare(turnBody({ org, session: "child", answer: "child", envelope: parent })),
    prepare(turnBody({ org, answer: "self", envelope: parent })),
    ...conversation({ org, turns: 2 }).map((body) => prepare(body)),
  ];
}

async function countStatements(): Promise<number> {
  cutter.cutAt(undefined);
  await store.ingestTurns(turnsOf(randomUUID()));
  return cutter.statements();
}

const losses = [
  ["before", "reset"],
  ["before", "closed"],
  ["after", "reset"],
  ["after", "closed"],
] as const;

describe("a connection lost at any statement", () => {
  it("leaves nothing behind, and the retry stores the turns once", async () => {
    const reference = randomUUID();
    await fixture.store.ingestTurns(turnsOf(reference));
    const expected = await readSnapshot(fixture.sql, reference);
    const statements = await countStatements();
    expect(statements).toBeGreaterThan(8);

    for (const [mode, loss] of losses) {
      for (let k = 1; k <= statements; k += 1) {
        const org = randomUUID();
        const turns = turnsOf(org);
        cutter.cutAt(k, mode, loss);
        const error = await store.ingestTurns(turns).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(cutter.wasCut(), `statement ${k}, ${loss} ${mode}`).toBe(true);
        expect(isAppError(error, "store_unavailable"), `statement ${k}, ${loss} ${mode}`).toBe(true);
        const isCommitted = cutter.sentCommit();
        if (!isCommitted) {
          const left = await readSnapshot(fixture.sql, org);
          expect(left, `statement ${k}, ${loss} ${mode}`).toEqual({
            sessions: [],
            nodeHashes: [],
            turnHeads: [],
            events: [],
          });
        }
        const results = await store.ingestTurns(turns);
        expect(results.map((result) => result.outcome)).toEqual(Array(turns.length).fill("stored"));
        expect(await readSnapshot(fixture.sql, org), `statement ${k}, ${loss} ${mode}`).toEqual(expected);
      }
    }
  });
});
