/** Memory of one worker over a long run, once a second. */
import { readRssMb } from "../support/read-process.ts";
import { quantile } from "../support/quantiles.ts";
import { startTurns } from "./send-turns.ts";
import { type ProductOptions, startProduct } from "./start-product.ts";
import { countRows, waitForReceipts } from "./wait-for-rows.ts";

const SAMPLE_EVERY_MS = 1_000;
const PARTS = 10;

/** How a worker's memory went. */
export interface MemoryRun {
  readonly turns: number;
  readonly peakMb: number;
  /** Medians of ten equal parts of the run. */
  readonly partsMb: readonly number[];
  /** The largest distance of a part from their median, as a share of it; the first part is the start-up and does not count. */
  readonly swing: number;
}

/** Store turns of 35 kB and watch the worker. */
export async function measureMemory(options: ProductOptions, turns: number): Promise<MemoryRun> {
  const product = await startProduct(options);
  try {
    await product.startWorkers(1);
    const pid = product.workers[0]?.pid as number;
    const samples: number[] = [];
    const timer = setInterval(() => {
      readRssMb(pid).then(
        (mb) => samples.push(mb),
        () => {},
      );
    }, SAMPLE_EVERY_MS);
    try {
      const { sent, result } = startTurns({ ingestUrl: product.ingestUrl, size: "35k", turns });
      await result;
      await waitForReceipts(product, sent.turns, 100);
      await countRows(product.sql, sent);
      return { turns: sent.turns, ...describeSamples(samples) };
    } finally {
      clearInterval(timer);
    }
  } finally {
    await product.stop();
  }
}

function describeSamples(samples: readonly number[]): Omit<MemoryRun, "turns"> {
  if (samples.length < PARTS * 2)
    throw new Error(`${samples.length} samples of memory are too few: send more turns`);
  const partsMb = Array.from({ length: PARTS }, (_unused, part) =>
    quantile(samples.slice((part * samples.length) / PARTS, ((part + 1) * samples.length) / PARTS), 0.5),
  );
  const settled = partsMb.slice(1);
  const middle = quantile(settled, 0.5);
  const swing = Math.max(...settled.map((mb) => Math.abs(mb - middle))) / middle;
  return { peakMb: Math.max(...samples), partsMb, swing };
}
