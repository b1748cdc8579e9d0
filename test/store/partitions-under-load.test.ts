/** Whoever works while the tables are partitioned waits, or tries again: nothing is lost, nothing counts twice. */
import { randomUUID } from "node:crypto";
import { isAppError } from "@turnpike/domain/errors";
import { partitionTables } from "@turnpike/store/partition/partition-tables";
import { createReadQueries } from "@turnpike/store/read/read-queries";
import { v7 as uuidv7 } from "uuid";
import { describe, expect, it } from "vitest";
import { useDeadLetters } from "../support/dead-letter.ts";
import { prepare } from "../support/prepare.ts";
import { listPartitions } from "../support/read-catalog.ts";
import { checkInvariants, readSnapshot } from "../support/snapshot.ts";
import { useStore } from "../support/store-fixture.ts";
import { conversation, turnBody } from "../support/turn-body.ts";
import { useEditor } from "../support/use-editor.ts";
import { waitUntil } from "../support/wait-until.ts";

const WRITERS = 8;
const TURNS = 40;
const newest = { sort: "last_seen_at", order: "desc", limit: 1 } as const;

/** As a worker does: what the store cannot take now is tried again, under the same receipt. */
async function untilTaken<T>(act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!isAppError(error, "store_contention") && !isAppError(error, "store_unavailable")) throw error;
    }
  }
}

describe("while tables are partitioned", () => {
  const fixture = useStore();
  const editor = useEditor(fixture);

  it("turns and loose receipts are stored, timelines read, and sessions deleted, as if nothing happened", async () => {
    const orgs = Array.from({ length: WRITERS }, () => randomUUID());
    let stored = 0;
    let isDone = false;
    const write = async (org: string): Promise<void> => {
      const bodies = conversation({ org, turns: TURNS });
      // Until some were stored in the old tables, some in the new, and each at least once.
      for (let index = 0; index < TURNS || !isDone; index += 1) {
        const turn = prepare(bodies[index % TURNS] ?? "");
        await untilTaken(() => fixture.store.ingestTurns([turn]));
        await untilTaken(() =>
          fixture.store.putReceipt({ orgId: org, receipt: uuidv7(), headHash: turn.facts.headHash }),
        );
        stored += 1;
      }
    };
    const doomed = randomUUID();
    const erase = async (): Promise<void> => {
      while (!isDone) {
        const [result] = await untilTaken(() =>
          fixture.store.ingestTurns([prepare(turnBody({ org: doomed, answer: randomUUID() }))]),
        );
        await untilTaken(() => editor().deleteSession(doomed, result?.sessionId ?? ""));
      }
    };
    // On one connection, whose statements are prepared before and used after.
    const reader = createReadQueries({ url: fixture.url, maxConnections: 1 });
    const follow = async (org: string): Promise<void> => {
      let latest = 0;
      while (!isDone) {
        const { items } = await untilTaken(() => reader.listSessions(org, newest));
        const sessionId = items[0]?.id ?? randomUUID();
        const page = await untilTaken(() => reader.readEvents(org, sessionId, { limit: 1_000 }));
        expect(page?.events.length ?? 0).toBe(page?.latestSequence ?? 0);
        expect(page?.latestSequence ?? 0).toBeGreaterThanOrEqual(latest);
        latest = page?.latestSequence ?? 0;
      }
      expect(latest).toBeGreaterThan(0);
      await reader.close(1);
    };
    const partition = async (): Promise<void> => {
      await waitUntil(() => stored > WRITERS * 5, { what: "the writers are at work" });
      const result = await partitionTables(fixture.url, {
        partitions: 4,
        waitMs: 20_000,
        onProgress: () => {},
      });
      expect(result.outcome).toBe("partitioned");
      const atThatMoment = stored;
      await waitUntil(() => stored > atThatMoment + WRITERS * 5, { what: "the writers go on" });
      isDone = true;
    };
    await Promise.all([...orgs.map(write), erase(), follow(orgs[0] ?? ""), partition()]);

    const reference = randomUUID();
    await fixture.store.ingestTurns(
      conversation({ org: reference, turns: TURNS }).map((body) => prepare(body)),
    );
    const expected = await readSnapshot(fixture.sql, reference);
    for (const org of orgs) expect(await readSnapshot(fixture.sql, org)).toEqual(expected);
    await checkInvariants(fixture.sql, doomed);
    const [row] = await fixture.sql`SELECT count(*)::int AS count FROM receipts WHERE org_id = ANY(${orgs})`;
    expect(row?.["count"]).toBe(2 * stored);
    expect(await listPartitions(fixture.sql, "receipts")).toHaveLength(4);
  });
});

describe("the ledger", () => {
  const fixture = useStore();
  const letters = useDeadLetters(fixture);

  it("that is read while its tables are moved counts what is in the new ones", async () => {
    const org = randomUUID();
    const turn = prepare(turnBody({ org }));
    await fixture.store.ingestTurns([turn]);
    const jobs = [{ orgId: org, receipt: turn.receipt }];
    const hold = 7_001;
    // The command stands still, with its locks, until the reader has begun and waits.
    await fixture.sql.unsafe(`
      CREATE FUNCTION stand_still() RETURNS event_trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_xact_lock_shared(${hold}); END';
      CREATE EVENT TRIGGER stand_still ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION stand_still()`);
    const here = "database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    const waiting = (condition: string) => async () =>
      (await fixture.sql.unsafe(`SELECT FROM pg_locks WHERE NOT granted AND ${here} AND ${condition}`))
        .length > 0;
    const { partitioning, reading } = await fixture.sql.begin(async (tx) => {
      await tx`SELECT pg_advisory_xact_lock(${hold})`;
      const partitioning = partitionTables(fixture.url, {
        partitions: 2,
        waitMs: 10_000,
        onProgress: () => {},
      });
      await waitUntil(waiting("locktype = 'advisory'"), { what: "the command has its locks" });
      const reading = letters().readLedgerCounts(jobs);
      await waitUntil(waiting("locktype = 'relation'"), { what: "the reader waits" });
      return { partitioning, reading };
    });
    expect((await partitioning).outcome).toBe("partitioned");
    expect((await reading).get(org)).toMatchObject({ stored: 1, inFlight: 0 });
  });
});
