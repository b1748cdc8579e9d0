import { TURNS_OF_SIZE, type Size } from "./bodies.ts";
import type { LoadOrder } from "./load-order.ts";
import { LOAD_CONCURRENCY, type LoadResult, startLoad } from "./run/run-load.ts";

// Enough for what is hot to be compiled well, in four programs at a time: after 320 turns a worker still took a fifth more.
const WARM_UP_SESSIONS = 128;
const WARM_UP_TURNS = 20;

/** Sessions and turns of a load. */
export interface Sent {
  readonly sessions: number;
  readonly turns: number;
}

/** How many turns of a size to send; of large ones half as many take as long. */
export function turnsToSend(size: Size, turns: number): number {
  return size === "170k" ? Math.ceil(turns / 2) : turns;
}

/** How many whole sessions hold at least so many turns. */
export function sessionsFor(size: Size, turns: number): number {
  return Math.ceil(turns / TURNS_OF_SIZE[size]);
}

/** Send what need not be measured, before what is. */
export async function warmUp(ingestUrl: string): Promise<Sent> {
  const sessions = WARM_UP_SESSIONS;
  const shape = { sessions, turnsPerSession: WARM_UP_TURNS, concurrency: LOAD_CONCURRENCY };
  await startLoad({ ingestUrl, tag: "warm-up", ...shape }).result;
  return { sessions, turns: sessions * WARM_UP_TURNS };
}

/** Send a load of a size. */
export function startTurns(
  order: Pick<LoadOrder, "ingestUrl"> & {
    readonly size: Size;
    readonly turns: number;
    /** At a time. */
    readonly clients?: number;
  },
): { readonly sent: Sent; readonly pid: number; readonly result: Promise<LoadResult> } {
  const sessions = sessionsFor(order.size, order.turns);
  const turnsPerSession = TURNS_OF_SIZE[order.size];
  const { process, result } = startLoad({
    ingestUrl: order.ingestUrl,
    tag: "bench",
    sessions,
    turnsPerSession,
    concurrency: order.clients ?? LOAD_CONCURRENCY,
  });
  return { sent: { sessions, turns: sessions * turnsPerSession }, pid: process.pid, result };
}
