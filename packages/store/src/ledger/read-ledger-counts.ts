import type { LetterKey } from "../dead-letters/select-dead-letters.ts";
import type { Transaction, WritePool } from "../connection/write-pool.ts";

/** What the store knows of an org's accepted turns and posts of events. */
export interface LedgerCounts {
  /** Ended before the ledger was kept; they are in the next two as well. */
  readonly before: number;
  readonly stored: number;
  readonly duplicate: number;
  /** Without a row of their receipts: dead, replaying and discarded ones. */
  readonly deadLettered: number;
  readonly discarded: number;
  /** Of the jobs that were asked for: those that are neither stored nor dead-lettered. */
  readonly inFlight: number;
  /** Those of them that the queue gave up. */
  readonly failed: number;
}

/** The counts of an org of which nothing is known. */
export const noCounts: LedgerCounts = {
  before: 0,
  stored: 0,
  duplicate: 0,
  deadLettered: 0,
  discarded: 0,
  inFlight: 0,
  failed: 0,
};

// What one statement asks for: a megabyte or two of parameters.
const CHUNK = 10_000;

type CountRow = { readonly org_id: string; readonly kind: keyof LedgerCounts; readonly count: string };

/**
 * Read the counts of all orgs in one snapshot. The cost grows with the orgs, the letters that are not resolved, and the jobs; not
 * with what is stored.
 * @param jobs the jobs that the queue held a moment before; read them first.
 * @param failed those of them that it gave up.
 * @throws AppError `store_unavailable` or `store_contention`.
 */
export function readLedgerCounts(
  pool: WritePool,
  jobs: readonly LetterKey[],
  failed: readonly LetterKey[] = [],
): Promise<ReadonlyMap<string, LedgerCounts>> {
  return pool.transaction(async (tx) => {
    await tx`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY`;
    // Before there is a snapshot: rows that are moved while this one waits for their table (`partition-tables.ts`) would not be in it.
    await tx`LOCK TABLE ledger_counts, dead_letters, receipts IN ACCESS SHARE MODE`;
    const rows = [...(await countEnded(tx)), ...(await countLetters(tx))];
    for (const [kind, keys] of [["inFlight", jobs] as const, ["failed", failed] as const]) {
      for (let from = 0; from < keys.length; from += CHUNK) {
        rows.push(...(await countUnended(tx, kind, keys.slice(from, from + CHUNK))));
      }
    }
    const counts = new Map<string, LedgerCounts>();
    for (const { org_id: orgId, kind, count } of rows) {
      const known = counts.get(orgId) ?? noCounts;
      counts.set(orgId, { ...known, [kind]: known[kind] + Number(count) });
    }
    return counts;
  });
}

function countEnded(tx: Transaction): Promise<CountRow[]> {
  return tx<CountRow>`
    SELECT org_id, outcome AS kind, sum(count)::text AS count FROM ledger_counts GROUP BY org_id, outcome`;
}

/** The limit keeps each look-up one in an index, however many receipts there are; so it does in the next. */
function countLetters(tx: Transaction): Promise<CountRow[]> {
  return tx<CountRow>`
    WITH open AS MATERIALIZED (
      SELECT d.org_id, d.discarded_at FROM dead_letters d
      WHERE d.resolved_at IS NULL
        AND NOT EXISTS (SELECT FROM receipts r WHERE r.org_id = d.org_id AND r.receipt = d.receipt OFFSET 0)
    )
    SELECT org_id, 'deadLettered' AS kind, count(*)::text AS count FROM open GROUP BY org_id
    UNION ALL
    SELECT org_id, 'discarded', count(*)::text FROM open WHERE discarded_at IS NOT NULL GROUP BY org_id`;
}

function countUnended(
  tx: Transaction,
  kind: "inFlight" | "failed",
  jobs: readonly LetterKey[],
): Promise<CountRow[]> {
  return tx<CountRow>`
    SELECT j.org_id, ${kind}::text AS kind, count(*)::text AS count
    FROM unnest(${jobs.map(({ orgId }) => orgId)}::uuid[], ${jobs.map(({ receipt }) => receipt)}::uuid[])
      AS j (org_id, receipt)
    WHERE NOT EXISTS (SELECT FROM receipts r WHERE r.org_id = j.org_id AND r.receipt = j.receipt OFFSET 0)
      AND NOT EXISTS (SELECT FROM dead_letters d WHERE d.org_id = j.org_id AND d.receipt = j.receipt OFFSET 0)
    GROUP BY j.org_id`;
}
