import { countTurns, type LoadOrder } from "../load-order.ts";
import { type NodeProcess, startNode } from "../../support/start-node.ts";

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
    entry: new URL("../load-program.ts", import.meta.url),
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
