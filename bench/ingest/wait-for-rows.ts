/** A run counts only when every turn is there: these wait for the rows, and count them. All turns are of one org. */
import { setTimeout as sleep } from "node:timers/promises";
import { NIL_UUID } from "@turnpike/domain/turn/envelope";
import type { Sql } from "postgres";
import type { Product } from "./start-product.ts";

const STANDSTILL_MS = 60_000;

/**
 * Wait until as many receipts have their row.
 * @throws Error when nothing has come for a minute, or a process has ended.
 */
export async function waitForReceipts(
  product: Pick<Product, "sql" | "checkAlive" | "readTroubles">,
  expected: number,
  pollMs = 20,
): Promise<void> {
  let last = -1;
  let movedAt = performance.now();
  for (;;) {
    // The marker keeps it out of what is counted as the product's.
    const [row] = await product.sql<{ n: number }[]>`SELECT count(*)::int AS n /* bench */ FROM receipts`;
    const stored = row?.n ?? 0;
    if (stored >= expected) return;
    product.checkAlive();
    if (stored > last) {
      last = stored;
      movedAt = performance.now();
    }
    if (performance.now() - movedAt > STANDSTILL_MS) {
      const said = await product.readTroubles();
      throw new Error(
        `${stored} of ${expected} turns are stored, and no more come: the run does not count\n${said}`,
      );
    }
    await sleep(pollMs);
  }
}

/**
 * Count what the turns have left, by every way of counting.
 * @throws Error that names what is missing.
 */
export async function countRows(sql: Sql, expected: { sessions: number; turns: number }): Promise<void> {
  const [row] = await sql<Record<string, number>[]>`
    WITH own_sessions AS (SELECT * FROM sessions WHERE org_id = ${NIL_UUID}),
         own_events AS (SELECT * FROM session_events WHERE org_id = ${NIL_UUID})
    SELECT (SELECT count(*) FROM own_sessions)::int AS sessions,
           (SELECT count(*) FROM turns WHERE org_id = ${NIL_UUID})::int AS turns,
           (SELECT count(DISTINCT receipt) FROM receipts)::int AS receipts,
           (SELECT sum(turn_count) FROM own_sessions)::int AS counted_turns,
           (SELECT count(*) FROM nodes)::int AS nodes,
           (SELECT count(*) FROM own_events)::int - (SELECT sum(latest_sequence) FROM own_sessions)::int AS unnumbered_events,
           (SELECT count(*) FROM own_events WHERE event_type = 'turn_completed')::int AS completed_turns`;
  const { sessions, turns } = expected;
  const wanted: Readonly<Record<string, number>> = {
    sessions,
    turns,
    receipts: turns,
    counted_turns: turns,
    nodes: turns * 2,
    unnumbered_events: 0,
    completed_turns: turns,
  };
  const wrong = Object.entries(wanted).filter(([name, count]) => row?.[name] !== count);
  if (wrong.length === 0) return;
  const faults = wrong.map(([name, count]) => `${name} ${row?.[name]} instead of ${count}`);
  throw new Error(`the run does not count: ${faults.join(", ")}`);
}
