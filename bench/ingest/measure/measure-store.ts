/** Turns per second from the first request until all rows are there, load generator and servers on the same cores. */
import type { Size } from "../bodies.ts";
import { startTurns, warmUp } from "../send-turns.ts";
import { type ProductOptions, startProduct } from "../start-product.ts";
import { countRows, waitForReceipts } from "../wait-for-rows.ts";
import { readCpuSeconds } from "../../support/read-process.ts";

/** What came of a run. */
export interface StoreRun {
  readonly turnsPerSecond: number;
  /** Milliseconds of CPU per turn, by kind of process. */
  readonly cpuMs: Readonly<Record<string, number>>;
}

/**
 * Send turns and wait for their rows.
 * @throws Error when a row is missing.
 */
export async function measureStore(
  options: ProductOptions,
  order: { readonly size: Size; readonly turns: number; readonly workers: number },
): Promise<StoreRun> {
  const product = await startProduct(options);
  try {
    const { ingestUrl } = product;
    await product.startWorkers(order.workers);
    const warm = await warmUp(ingestUrl);
    await waitForReceipts(product, warm.turns);

    const before = await product.readCpu();
    const { sent, result, pid } = startTurns({ ingestUrl, size: order.size, turns: order.turns });
    const loadCpu = watchCpu(pid, result);
    const { startedAtMs } = await result;
    const total = { sessions: warm.sessions + sent.sessions, turns: warm.turns + sent.turns };
    await waitForReceipts(product, total.turns);
    const seconds = (performance.timeOrigin + performance.now() - startedAtMs) / 1_000;
    const after = await product.readCpu();
    await countRows(product.sql, total);

    const used = Object.entries(after).map(([name, cpu]) => [name, cpu - (before[name] ?? 0)] as const);
    const cpuSeconds = [["load", await loadCpu] as const, ...used];
    return {
      turnsPerSecond: sent.turns / seconds,
      cpuMs: Object.fromEntries(cpuSeconds.map(([name, cpu]) => [name, (cpu * 1_000) / sent.turns])),
    };
  } finally {
    await product.stop();
  }
}

/** The last reading before a process ends. */
async function watchCpu(pid: number, until: Promise<unknown>): Promise<number> {
  let seconds = 0;
  const timer = setInterval(() => {
    readCpuSeconds(pid).then(
      (now) => (seconds = now),
      () => {},
    );
  }, 100);
  await until.catch(() => undefined);
  clearInterval(timer);
  return seconds;
}
