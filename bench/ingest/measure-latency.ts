/**
 * From the 202 of a turn until a reader who waits for it has the answer of the timeline. Some sessions are watched, each with
 * one turn on its way at a time and a long poll that waits for it; a load of others makes up the rate.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Sql } from "postgres";
import { writeBodies } from "./bodies.ts";
import { postTurn } from "./post-turn.ts";
import { startLoad } from "./run-load.ts";
import { warmUp } from "./send-turns.ts";
import { type Product, type ProductOptions, startProduct } from "./start-product.ts";
import { countRows, waitForReceipts } from "./wait-for-rows.ts";

const WATCHED = 20;
const WATCHED_TURNS = 21;
// Of all watched sessions together.
const WATCHED_PER_SECOND = 10;
const TURNS_PER_SESSION = 20;
// Of the load alone, before the first watched turn: processes that have just started run slowly.
const LEAD_MS = 5_000;
// 16 MiB each. A server that has just been made creates each file of its log as it needs it, and every commit waits for that; one
// that has run for a while uses old ones again.
const LOG_FILES = 40;

/** Milliseconds of the watched turns, at a rate of all turns; the first turn of a session is not watched, it has no id yet. */
export async function measureLatency(
  options: ProductOptions,
  order: { readonly turnsPerSecond: number; readonly workers: number },
): Promise<number[]> {
  const product = await startProduct({ ...options, settings: { min_wal_size: "1GB" } });
  try {
    await useLogFiles(product.sql);
    await product.startWorkers(order.workers);
    const timelineUrl = await product.startTimeline();
    const warm = await warmUp(product.ingestUrl);
    await waitForReceipts(product, warm.turns);

    const background = sendRest(product, order.turnsPerSecond - WATCHED_PER_SECOND);
    await sleep(LEAD_MS);
    const times = await Promise.all(
      Array.from({ length: WATCHED }, async (_unused, session) => {
        await sleep((session * 1_000) / WATCHED_PER_SECOND);
        return watchSession(product, timelineUrl, session);
      }),
    );
    const rest = await background;
    const turns = warm.turns + rest.turns + WATCHED * WATCHED_TURNS;
    await waitForReceipts(product, turns, 100);
    await countRows(product.sql, { sessions: warm.sessions + rest.sessions + WATCHED, turns });
    return times.flat();
  } finally {
    await product.stop();
  }
}

/** Leave the server with files of its log to use again. */
async function useLogFiles(sql: Sql): Promise<void> {
  for (let file = 0; file < LOG_FILES; file += 1) {
    await sql`SELECT pg_logical_emit_message(false, 'bench', '')`;
    await sql`SELECT pg_switch_wal()`;
  }
  await sql`CHECKPOINT`;
}

/** As many turns as the watched ones leave time for. */
async function sendRest(
  product: Product,
  ratePerSecond: number,
): Promise<{ readonly sessions: number; readonly turns: number }> {
  if (ratePerSecond <= 0) return { sessions: 0, turns: 0 };
  const seconds = (WATCHED * WATCHED_TURNS) / WATCHED_PER_SECOND + LEAD_MS / 1_000;
  const sessions = Math.ceil((ratePerSecond * seconds) / TURNS_PER_SESSION);
  const { result } = startLoad({
    ingestUrl: product.ingestUrl,
    tag: "rest",
    sessions,
    turnsPerSession: TURNS_PER_SESSION,
    // More than are ever on their way at once, so that the rate holds whatever an answer takes.
    concurrency: Math.min(sessions, 200),
    ratePerSecond,
  });
  const { accepted } = await result;
  return { sessions, turns: accepted };
}

async function watchSession(product: Product, timelineUrl: string, session: number): Promise<number[]> {
  const [first = "", ...bodies] = writeBodies("watched", session, WATCHED_TURNS);
  const everyMs = (WATCHED * 1_000) / WATCHED_PER_SECOND;
  const startedAt = performance.now();
  await postTurn(product.ingestUrl, first);
  let { id, latest } = await findSession(product, `watched-${session}`);
  const times: number[] = [];
  for (const [place, body] of bodies.entries()) {
    await sleep(Math.max(0, startedAt + (place + 1) * everyMs - performance.now()));
    const seen = waitForNews(
      `${timelineUrl}/v1/sessions/${id}/timeline?after=${latest}&wait_timeout_ms=30000`,
    );
    await postTurn(product.ingestUrl, body);
    const acceptedAt = performance.now();
    const { at, latestSequence } = await seen;
    // It may be there before its 202 is.
    times.push(Math.max(0, at - acceptedAt));
    latest = latestSequence;
  }
  return times;
}

async function findSession(product: Product, name: string): Promise<{ id: string; latest: number }> {
  for (;;) {
    const [row] = await product.sql<{ id: string; latest: number }[]>`
      SELECT id, latest_sequence::int AS latest FROM sessions WHERE harness_session_id = ${name} AND turn_count > 0`;
    if (row !== undefined) return row;
    product.checkAlive();
    await sleep(20);
  }
}

async function waitForNews(url: string): Promise<{ at: number; latestSequence: number }> {
  const answer = await fetch(url);
  const page = (await answer.json()) as { events: unknown[]; latestSequence: number };
  const at = performance.now();
  if (!answer.ok || page.events.length === 0) throw new Error(`${url} told nothing within its time`);
  return { at, latestSequence: page.latestSequence };
}
