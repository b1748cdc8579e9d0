import type { Sql } from "postgres";
import type { Expectations } from "../load/expectations.ts";

/** What became of a receipt. */
export interface Outcome {
  readonly outcome: "stored" | "duplicate" | "dead";
  readonly headHash: string | null;
  readonly code: string | null;
}

/** Read the outcomes of an org's receipts. A receipt that has two is listed under both, and so found out. */
export async function readOutcomes(sql: Sql, orgId: string): Promise<Map<string, Outcome[]>> {
  const rows = await sql<({ receipt: string } & Outcome)[]>`
    SELECT receipt, outcome, head_hash AS "headHash", NULL AS code FROM receipts WHERE org_id = ${orgId}
    UNION ALL
    SELECT receipt, 'dead', NULL, code FROM dead_letters WHERE org_id = ${orgId} AND resolved_at IS NULL`;
  const outcomes = new Map<string, Outcome[]>();
  for (const { receipt, ...outcome } of rows) {
    outcomes.set(receipt, [...(outcomes.get(receipt) ?? []), outcome]);
  }
  return outcomes;
}

/** Check that each answered receipt has one outcome, and the right one, and that no other receipt is there without a reason. */
export async function checkReceipts(sql: Sql, expectations: Expectations): Promise<string[]> {
  const faults: string[] = [];
  for (const orgId of expectations.orgIds) {
    const outcomes = await readOutcomes(sql, orgId);
    const turns = [...expectations.turns.values()].filter((turn) => turn.orgId === orgId);
    const posts = expectations.posts.filter((post) => post.orgId === orgId);
    for (const { receipts, headHash } of turns) {
      for (const receipt of receipts) {
        const found = outcomes.get(receipt) ?? [];
        const isRight = found.length === 1 && found[0]?.headHash === headHash;
        if (!isRight) faults.push(`turn ${headHash}, receipt ${receipt}: ${JSON.stringify(found)}`);
      }
    }
    for (const { receipts, events, rival } of posts) {
      for (const receipt of receipts) {
        const found = outcomes.get(receipt) ?? [];
        const isDead = found[0]?.outcome === "dead";
        const isMeant = !isDead || (rival.post !== undefined && found[0]?.code === "event_conflict");
        if (found.length !== 1 || !isMeant)
          faults.push(`events ${events[0]?.id}, receipt ${receipt}: ${JSON.stringify(found)}`);
      }
    }
    const deaths = expectations.deaths.filter((death) => death.orgId === orgId);
    for (const { receipt } of deaths) {
      const found = outcomes.get(receipt) ?? [];
      if (found.length !== 1 || found[0]?.code !== "unreadable_job")
        faults.push(`unreadable job ${receipt}: ${JSON.stringify(found)}`);
    }
    const { answered, maybe } = expectations.countReceipts(orgId);
    if (outcomes.size > answered + maybe)
      faults.push(
        `org ${orgId}: ${outcomes.size} receipts of ${answered} answered and ${maybe} unanswered posts`,
      );
  }
  return faults;
}
