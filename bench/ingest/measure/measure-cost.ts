/**
 * What a turn costs by the length of its history: turn 2 of some sessions, one at a time, then turn 200 of the same, with all
 * turns in between stored, among other orgs whose sessions are short: so a planner that knows only averages expects of any
 * session. Only what the product does for those turns is counted.
 */
import { randomUUID } from "node:crypto";
import type { Sql } from "postgres";
import { fillShortSessions } from "../../../test/support/fill-short-sessions.ts";
import { readRunSeconds } from "../../support/read-process.ts";
import { writeBodies } from "../bodies.ts";
import { postTurn } from "../post-turn.ts";
import { COUNTING_SETTINGS, installCounting, readStatements, resetStatements } from "../read-statements.ts";
import { warmUp } from "../send-turns.ts";
import { type Product, type ProductOptions, startProduct } from "../start-product.ts";
import { countRows, waitForReceipts } from "../wait-for-rows.ts";

const SESSIONS = 10;
const EARLY_TURN = 2;
const LATE_TURN = 200;

/** What one turn costs. */
export interface TurnCost {
  readonly statements: number;
  readonly rows: number;
  readonly walBytes: number;
  readonly pages: number;
  readonly databaseMs: number;
  /** CPU of the worker. */
  readonly workerMs: number;
  /** From the request until its row is seen. */
  readonly wallMs: number;
}

/** Costs of a turn with a short and with a long history, means over ten sessions. */
export async function measureCost(
  options: ProductOptions,
): Promise<{ readonly early: TurnCost; readonly late: TurnCost }> {
  const product = await startProduct({ ...options, settings: COUNTING_SETTINGS });
  try {
    await installCounting(product.sql);
    await fillCrowd(product.sql);
    await product.startWorkers(1);
    const warm = await warmUp(product.ingestUrl);
    await waitForReceipts(product, warm.turns);
    const sessions = Array.from({ length: SESSIONS }, (_unused, session) =>
      writeBodies("cost", session, LATE_TURN),
    );
    let stored = warm.turns;
    const send = async (): Promise<void> => {
      for (const bodies of sessions) {
        await postTurn(product.ingestUrl, bodies.next().value as string);
        stored += 1;
      }
      await waitForReceipts(product, stored);
    };
    const measureNext = async (): Promise<TurnCost> => {
      const cost = await measureTurns(product, sessions, stored);
      stored += SESSIONS;
      return cost;
    };
    for (let turn = 1; turn < EARLY_TURN; turn += 1) await send();
    const early = await measureNext();
    for (let turn = EARLY_TURN + 1; turn < LATE_TURN; turn += 1) await send();
    const late = await measureNext();
    await countRows(product.sql, { sessions: warm.sessions + SESSIONS, turns: stored });
    return { early, late };
  } finally {
    await product.stop();
  }
}

/** Forty orgs of forty short sessions, and the statistics of these. */
async function fillCrowd(sql: Sql): Promise<void> {
  const orgs = Array.from({ length: 40 }, () => randomUUID());
  await fillShortSessions(sql, orgs, 40);
  await sql`ANALYZE`;
}

async function measureTurns(
  product: Product,
  sessions: readonly Iterator<string>[],
  storedBefore: number,
): Promise<TurnCost> {
  const [worker] = product.workers;
  if (worker === undefined) throw new Error("there is no worker");
  const bodies = sessions.map((session) => session.next().value as string);
  await resetStatements(product.sql);
  const cpuBefore = await readRunSeconds(worker.pid);
  let wallMs = 0;
  for (const [place, body] of bodies.entries()) {
    const began = performance.now();
    await postTurn(product.ingestUrl, body);
    await waitForReceipts(product, storedBefore + place + 1, 2);
    wallMs += performance.now() - began;
  }
  const workerSeconds = (await readRunSeconds(worker.pid)) - cpuBefore;
  const { statements, rows, walBytes, pages, databaseMs } = await readStatements(product.sql);
  const each = (sum: number): number => sum / bodies.length;
  return {
    statements: each(statements),
    rows: each(rows),
    walBytes: each(walBytes),
    pages: each(pages),
    databaseMs: each(databaseMs),
    workerMs: each(workerSeconds * 1_000),
    wallMs: each(wallMs),
  };
}
