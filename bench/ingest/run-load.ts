import { type NodeProcess, startNode } from "../support/start-node.ts";

/** What is to be sent. */
export interface LoadOrder {
  readonly ingestUrl: string;
  /** Names the sessions; a load with a tag that was used before sends duplicates. */
  readonly tag: string;
  readonly sessions: number;
  readonly turnsPerSession: number;
  /** Sessions at a time. */
  readonly concurrency: number;
  /** As fast as it goes when absent. At a rate, sessions of every age are on their way at any time. */
  readonly ratePerSecond?: number;
}

/**
 * How many turns a session of a load has. At a rate the first ones are shorter, each by another length: sessions that begin together
 * grow together, and what is sent in a second would swing between a tenth and twice of what it is on average.
 */
export function turnsOf({ ratePerSecond, concurrency, turnsPerSession }: LoadOrder, session: number): number {
  if (ratePerSecond === undefined || session >= concurrency) return turnsPerSession;
  return Math.ceil(((session + 1) * turnsPerSession) / concurrency);
}

/** How many turns a load has. */
export function countTurns(order: LoadOrder): number {
  return Array.from({ length: order.sessions }, (_unused, session) => turnsOf(order, session)).reduce(
    (sum, turns) => sum + turns,
    0,
  );
}

/** What came of it. */
export interface LoadResult {
  readonly accepted: number;
  readonly retries: number;
  /** Since the epoch. */
  readonly startedAtMs: number;
  readonly seconds: number;
  readonly kbPerTurn: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A load that is being sent. */
export interface RunningLoad {
  readonly process: NodeProcess;
  /** @throws Error when a turn was refused, or accepted turns are fewer than there were to send. */
  readonly result: Promise<LoadResult>;
}

/** Sessions that are sent at a time when nothing else is asked for. */
export const LOAD_CONCURRENCY = 32;

/** Send a load from a process of its own. */
export function startLoad(order: LoadOrder): RunningLoad {
  const process = startNode({
    name: "load",
    entry: new URL("load-program.ts", import.meta.url),
    args: [JSON.stringify(order)],
  });
  const result = process.waitForLine(/^\{"accepted".*$/).then(async ([line]) => {
    await process.ended;
    const said = JSON.parse(line) as LoadResult;
    const expected = countTurns(order);
    if (said.accepted !== expected) throw new Error(`${said.accepted} of ${expected} turns were accepted`);
    return said;
  });
  // Whoever reads the result later is to get the failure, not the process.
  result.catch(() => undefined);
  return { process, result };
}
