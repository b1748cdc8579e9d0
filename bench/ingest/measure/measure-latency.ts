/**
 * From the 202 of a turn until a reader who waits for it has the answer of the timeline. Some sessions are watched, each with
 * one turn on its way at a time and a long poll that waits for it; a load of others makes up the rate.
 */
import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { Sql } from "postgres";
import { type CoreSpeed, watchCores } from "../../support/core-speed.ts";
import { type MachineUse, watchMachine } from "../../support/watch-machine.ts";
import { writeBodies } from "../bodies.ts";
import { countTurns, type LoadOrder } from "../load-order.ts";
import { postTurn } from "../post-turn.ts";
import { startLoad } from "../run/run-load.ts";
import { warmUp } from "../send-turns.ts";
import { type Product, type ProductOptions, startProduct } from "../start-product.ts";
import { countRows, waitForReceipts } from "../wait-for-rows.ts";

const WATCHED = 20;
const WATCHED_TURNS = 21;
const TURNS_TO_WATCH = WATCHED * WATCHED_TURNS;
// Of all watched sessions together.
const WATCHED_PER_SECOND = 10;
const WATCH_MS = (WATCHED * (WATCHED_TURNS + 1) * 1_000) / WATCHED_PER_SECOND;
// As many sessions come first and do not count: the timeline, and what reads it, have only just started.
const WARM_UP_PER_SECOND = 100;
// Of the load. More sessions than ever have a turn on its way at once, so that the rate holds whatever an answer takes.
const SESSIONS_AT_A_TIME = 200;
const TURNS_PER_SESSION = 20;
// Of the load alone, before the first watched turn, at least: processes that have just started run slowly.
const LEAD_MS = 5_000;
// 16 MiB each, for a minute of 18 MB/s and more. A server that has just been made creates each file of its log as it needs it, and
// every commit waits for that, 35 to 55 ms; one that has run for a while uses old ones again.
const LOG_FILES = 96;

/** How long watched turns took, in milliseconds. */
export interface Latency {
  /** From sending a turn until its 202. */
  readonly accepted: readonly number[];
  /** From its 202 until it is seen. */
  readonly visible: readonly number[];
  /** At that time. */
  readonly machine: MachineUse;
  readonly cores: CoreSpeed;
}

/** Time the watched turns at a rate of all turns; the first turn of a session is not watched, it has no id yet. */
export async function measureLatency(
  options: ProductOptions,
  order: { readonly turnsPerSecond: number; readonly workers: number },
): Promise<Latency> {
  const product = await startProduct({ ...options, settings: { min_wal_size: "2GB" } });
  try {
    await useLogFiles(product.sql);
    // What earlier runs left in the page cache would be written beside the first turns of this one.
    await promisify(execFile)("sync");
    await product.startWorkers(order.workers);
    const timelineUrl = await product.startTimeline();
    const warm = await warmUp(product.ingestUrl);
    await watchSessions(product, timelineUrl, { tag: "warm-up-watched", perSecond: WARM_UP_PER_SECOND });
    const before = { sessions: warm.sessions + WATCHED, turns: warm.turns + TURNS_TO_WATCH };
    await waitForReceipts(product, before.turns);

    const load = planLoad(product.ingestUrl, order.turnsPerSecond - WATCHED_PER_SECOND);
    const sent = load && startLoad(load.order).result;
    await sleep(load?.leadMs ?? LEAD_MS);
    const { result: watched, machine } = await watchMachine(() =>
      watchCores(() =>
        watchSessions(product, timelineUrl, { tag: "watched", perSecond: WATCHED_PER_SECOND }),
      ),
    );
    const turns = before.turns + ((await sent)?.accepted ?? 0) + TURNS_TO_WATCH;
    await waitForReceipts(product, turns, 100);
    const sessions = before.sessions + (load?.order.sessions ?? 0) + WATCHED;
    await countRows(product.sql, { sessions, turns });
    return {
      accepted: watched.result.map(({ accepted }) => accepted),
      visible: watched.result.map(({ visible }) => visible),
      machine,
      cores: watched.speed,
    };
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

/** As many turns as the watched ones leave time for; undefined when they are all that is sent. */
function planLoad(
  ingestUrl: string,
  ratePerSecond: number,
): { readonly order: LoadOrder; readonly leadMs: number } | undefined {
  if (ratePerSecond <= 0) return undefined;
  // As long as a session, by when those of every age are on their way.
  const leadMs = Math.max(LEAD_MS, (SESSIONS_AT_A_TIME * TURNS_PER_SESSION * 1_000) / ratePerSecond);
  const first: LoadOrder = {
    ingestUrl,
    tag: "rest",
    sessions: SESSIONS_AT_A_TIME,
    turnsPerSession: TURNS_PER_SESSION,
    concurrency: SESSIONS_AT_A_TIME,
    ratePerSecond,
  };
  const turns = ((leadMs + WATCH_MS) * ratePerSecond) / 1_000;
  const further = Math.max(0, Math.ceil((turns - countTurns(first)) / TURNS_PER_SESSION));
  return { order: { ...first, sessions: first.sessions + further }, leadMs };
}

interface TurnTimes {
  readonly accepted: number;
  readonly visible: number;
}

/** Which sessions are watched. */
interface Watch {
  readonly tag: string;
  /** Turns of all of them together. */
  readonly perSecond: number;
}

async function watchSessions(product: Product, timelineUrl: string, watch: Watch): Promise<TurnTimes[]> {
  const bySession = await Promise.all(
    Array.from({ length: WATCHED }, async (_unused, session) => {
      await sleep((session * 1_000) / watch.perSecond);
      return watchSession(product, timelineUrl, watch, session);
    }),
  );
  return bySession.flat();
}

async function watchSession(
  product: Product,
  timelineUrl: string,
  { tag, perSecond }: Watch,
  session: number,
): Promise<TurnTimes[]> {
  const [first = "", ...bodies] = writeBodies(tag, session, WATCHED_TURNS);
  const everyMs = (WATCHED * 1_000) / perSecond;
  const startedAt = performance.now();
  await postTurn(product.ingestUrl, first);
  let { id, latest } = await findSession(product, `${tag}-${session}`);
  const times: TurnTimes[] = [];
  for (const [place, body] of bodies.entries()) {
    await sleep(Math.max(0, startedAt + (place + 1) * everyMs - performance.now()));
    const seen = waitForNews(
      `${timelineUrl}/v1/sessions/${id}/timeline?after=${latest}&wait_timeout_ms=30000`,
    );
    const sentAt = performance.now();
    await postTurn(product.ingestUrl, body);
    const acceptedAt = performance.now();
    const { at, latestSequence } = await seen;
    // It may be there before its 202 is.
    times.push({ accepted: acceptedAt - sentAt, visible: Math.max(0, at - acceptedAt) });
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
