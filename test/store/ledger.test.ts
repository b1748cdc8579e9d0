import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { v7 as uuidv7 } from "uuid";
import { deadLetter, useDeadLetters } from "../support/dead-letter.ts";
import { prepare } from "../support/prepare.ts";
import { runPool } from "../support/stack.ts";
import { useStore } from "../support/store-fixture.ts";
import { turnBody } from "../support/turn-body.ts";
import { useEditor } from "../support/use-editor.ts";

const fixture = useStore();
const letters = useDeadLetters(fixture);
const editor = useEditor(fixture);

const none = { before: 0, stored: 0, duplicate: 0, deadLettered: 0, discarded: 0, inFlight: 0, failed: 0 };

async function countsOf(orgId: string, jobs: readonly { orgId: string; receipt: string }[] = []) {
  return (await letters().readLedgerCounts(jobs)).get(orgId);
}

describe("the ledger's counts", () => {
  it("are those of the receipts, whoever stores at once and however often", async () => {
    const [orgId, other] = [randomUUID(), randomUUID()];
    const turns = Array.from({ length: 60 }, (_unused, index) =>
      prepare(turnBody({ org: index % 3 === 0 ? other : orgId, answer: String(index % 10) })),
    );
    // Each twice under its own receipt, so that jobs which run again are among them.
    await runPool([...turns, ...turns], 12, (turn) => fixture.store.ingestTurns([turn]));
    await fixture.store.ingestTurns(turns);
    await Promise.all(
      [0, 0, 0].map(() =>
        fixture.store.putReceipt({ orgId, receipt: turns[1]?.receipt ?? "", headHash: "0".repeat(64) }),
      ),
    );
    for (const org of [orgId, other]) {
      const rows = await fixture.sql<{ outcome: string; count: number }[]>`
        SELECT outcome, count(*)::int AS count FROM receipts WHERE org_id = ${org} GROUP BY outcome`;
      const count = (outcome: string) => rows.find((row) => row.outcome === outcome)?.count ?? 0;
      expect(await countsOf(org)).toEqual({
        ...none,
        stored: count("stored"),
        duplicate: count("duplicate"),
      });
      expect(count("duplicate")).toBeGreaterThan(0);
    }
  });

  it("do not change when a transaction is rolled back, nor when a session is deleted", async () => {
    const orgId = randomUUID();
    const turn = prepare(turnBody({ org: orgId }));
    const [result] = await fixture.store.ingestTurns([turn]);
    await expect(
      fixture.sql.begin(async (sql) => {
        await sql`INSERT INTO receipts (org_id, receipt, outcome) VALUES (${orgId}, ${randomUUID()}, 'stored')`;
        throw new Error("changed my mind");
      }),
    ).rejects.toThrow("changed my mind");
    expect(await countsOf(orgId)).toEqual({ ...none, stored: 1 });
    await editor().deleteSession(orgId, result?.sessionId ?? "");
    expect(await countsOf(orgId)).toEqual({ ...none, stored: 1 });
    // Its job runs again, after the deletion.
    await fixture.store.ingestTurns([turn]);
    expect(await countsOf(orgId)).toEqual({ ...none, stored: 1 });
  });

  it("count every job in one place: in flight, stored, or dead-lettered", async () => {
    const orgId = randomUUID();
    const [queued, stored, dead, discarded, resolved] = Array.from({ length: 5 }, () => ({
      orgId,
      receipt: uuidv7(),
    })) as [Job, Job, Job, Job, Job];
    const all = [queued, stored, dead, discarded, resolved];
    expect(await countsOf(orgId, all)).toEqual({ ...none, inFlight: 5 });
    for (const job of [dead, discarded, resolved]) await letters().put(deadLetter(job));
    await letters().discard([discarded], (count) => ({
      actor: "ada",
      action: "test.act",
      orgId,
      details: { count },
    }));
    for (const job of [stored, resolved]) {
      await fixture.store.ingestTurns([prepare(turnBody({ org: orgId, answer: job.receipt }), job.receipt)]);
    }
    const expected = { ...none, stored: 2, deadLettered: 2, discarded: 1, inFlight: 1 };
    expect(await countsOf(orgId, all)).toEqual(expected);
    await letters().tidy();
    expect(await countsOf(orgId, all)).toEqual(expected);
  });

  it("of a hundred thousand jobs are read in parts, in one snapshot", async () => {
    const orgId = randomUUID();
    const jobs = Array.from({ length: 100_000 }, () => ({ orgId, receipt: randomUUID() }));
    expect(await countsOf(orgId, jobs)).toEqual({ ...none, inFlight: 100_000 });
  });

  it("of what ended before the ledger was kept are counted in by the migration", async () => {
    const orgId = randomUUID();
    await fixture.sql.begin(async (sql) => {
      // As it was before: receipts, and nobody who counts.
      await sql`DROP TRIGGER receipts_counted ON receipts`;
      await sql`DROP FUNCTION count_receipts, refuse_audit_change CASCADE`;
      await sql`DELETE FROM ledger_counts`;
      await sql`
        INSERT INTO receipts (org_id, receipt, outcome)
        SELECT ${orgId}, gen_random_uuid(), CASE WHEN i <= 3 THEN 'duplicate' ELSE 'stored' END
        FROM generate_series(1, 10) i`;
      const migration = await readFile(new URL("../../drizzle/0003_ledger.sql", import.meta.url), "utf8");
      for (const statement of migration.split("--> statement-breakpoint")) await sql.unsafe(statement);
      await sql`INSERT INTO receipts (org_id, receipt, outcome) VALUES (${orgId}, gen_random_uuid(), 'stored')`;
    });
    expect(await countsOf(orgId)).toEqual({ ...none, before: 10, stored: 8, duplicate: 3 });
  });
});

interface Job {
  readonly orgId: string;
  readonly receipt: string;
}
