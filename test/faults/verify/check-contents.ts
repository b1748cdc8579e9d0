import type { Sql } from "postgres";
import type { Expectations, ExpectedTurn } from "../load/expectations.ts";

/** Check that what is stored is what was sent, to the byte, and that nothing is stored that nobody sent. */
export async function checkContents(sql: Sql, expectations: Expectations): Promise<string[]> {
  const faults: string[] = [];
  for (const orgId of expectations.orgIds) {
    faults.push(
      ...(await checkNodes(sql, orgId, expectations)),
      ...(await checkTurns(sql, orgId, expectations)),
    );
  }
  return faults;
}

// A stored node's ancestors are stored, which `checkInvariants` proves, and a hash covers its parent: so a turn whose head
// is there has its whole chain.
async function checkNodes(sql: Sql, orgId: string, { nodes }: Expectations): Promise<string[]> {
  const rows = await sql<{ hash: string; parentHash: string | null; role: string; digest: string }[]>`
    SELECT hash, parent_hash AS "parentHash", role,
           encode(sha256(convert_to(content::text, 'UTF8')), 'hex') AS digest
    FROM nodes WHERE org_id = ${orgId}`;
  return rows.flatMap(({ hash, parentHash, role, digest }) => {
    const expected = nodes.get(orgId)?.get(hash);
    if (expected === undefined) return [`node ${hash}: nobody sent it`];
    const isRight =
      (expected.parentHash ?? null) === parentHash && expected.role === role && expected.contents.has(digest);
    return isRight ? [] : [`node ${hash}: it is not what was sent`];
  });
}

interface TurnRow {
  readonly session: string;
  readonly headHash: string;
  readonly chainLength: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly events: number;
}

async function checkTurns(sql: Sql, orgId: string, { turns }: Expectations): Promise<string[]> {
  const rows = await sql<TurnRow[]>`
    SELECT s.harness_session_id AS session, t.head_hash AS "headHash", t.chain_length AS "chainLength",
           t.input_tokens::int AS "inputTokens", t.output_tokens::int AS "outputTokens",
           (SELECT count(*)::int FROM session_events e
            WHERE e.org_id = t.org_id AND e.session_id = t.session_id AND e.turn_id = t.id) AS events
    FROM turns t JOIN sessions s ON s.org_id = t.org_id AND s.id = t.session_id
    WHERE t.org_id = ${orgId}`;
  const stored = new Map(rows.map((row) => [`${orgId} ${row.session} ${row.headHash}`, row]));
  const strangers = [...stored.keys()].filter((key) => !turns.has(key));
  const wrong = [...turns]
    .filter(([, turn]) => turn.orgId === orgId)
    .flatMap(([key, turn]) => checkTurn(key, turn, stored.get(key)));
  return [
    ...wrong,
    ...strangers.map((key) => `turn ${key}: nobody sent it`),
    ...(stored.size === rows.length ? [] : [`org ${orgId}: a turn is stored twice`]),
  ];
}

function checkTurn(key: string, turn: ExpectedTurn, row: TurnRow | undefined): string[] {
  if (row === undefined) return turn.receipts.length > 0 ? [`turn ${key}: accepted and not stored`] : [];
  const names = ["chainLength", "inputTokens", "outputTokens", "events"] as const;
  return names.flatMap((name) =>
    row[name] === turn[name] ? [] : [`turn ${key}: ${name} is ${row[name]} instead of ${turn[name]}`],
  );
}
