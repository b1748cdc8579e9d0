/** The proof that every other test here ends with finds what it is there to find. */
import postgres from "postgres";
import { expect, it } from "vitest";
import { waitUntil } from "../support/wait-until.ts";
import { describeRig } from "./use-rig.ts";
import { countJobs } from "./verify/queue-counts.ts";

describeRig("the proof", ["postgres"], ({ rig, start }) => {
  it("finds a receipt that is lost, a content that is changed, and a turn that is missing", async () => {
    const trial = await start();
    await trial.stopLoad();
    await waitUntil(async () => (await countJobs(rig())).unfinished === 0, { what: "all is stored" });
    const sql = postgres(rig().postgres.url(), { max: 1, onnotice: () => {} });
    try {
      await sql`DELETE FROM receipts WHERE turn_id IS NULL AND receipt = (
        SELECT receipt FROM receipts WHERE turn_id IS NULL LIMIT 1)`;
      await sql`UPDATE nodes SET content = '[{"type":"text","text":"changed"}]'
        WHERE hash = (SELECT head_hash FROM turns ORDER BY id LIMIT 1)`;
      await sql`DELETE FROM turns WHERE id = (SELECT id FROM turns ORDER BY id DESC LIMIT 1)`;
    } finally {
      await sql.end();
    }
    const report = await trial.prove().then(
      () => "nothing",
      (error: Error) => error.message,
    );
    expect(report).toMatch(/events session-\S+, receipt \S+: \[\]/);
    expect(report).toMatch(/node \w{64}: it is not what was sent/);
    expect(report).toMatch(/turn .*: accepted and not stored/);
    expect(report).toMatch(/broken: counters are the sums over the turns/);
  });
});
