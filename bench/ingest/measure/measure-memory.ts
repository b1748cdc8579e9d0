/** Memory of one worker over a long run, once a second. */
import { readRssMb } from "../../support/read-process.ts";
import { quantile } from "../../support/quantiles.ts";
import { startTurns } from "../send-turns.ts";
import { type ProductOptions, startProduct } from "../start-product.ts";
import { countRows, waitForReceipts } from "../wait-for-rows.ts";

const SAMPLE_EVERY_MS = 1_000;
const PARTS = 10;
/** Stored before: by then all that a worker keeps of earlier turns is as full as it gets. */
const WARM_UP_TURNS = 20_000;

/** How a worker's memory went. */
export interface MemoryRun {
  /** That were stored after the warm-up. */
  readonly turns: number;
  /** From the start on. */
  readonly peakMb: number;
  readonly warmUpMb: number;
  /** Medians of ten equal parts of the run after the warm-up. */
  readonly partsMb: readonly number[];
  /** The largest distance of a part from their median, as a share of it. */
  readonly swing: number;
}

/** Store turns of 35 kB, and as many more to warm up as that takes, and watch the worker. */
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
      const { sent, result } = startTurns({
        ingestUrl: product.ingestUrl,
        size: "35k",
        turns: WARM_UP_TURNS + turns,
      });
      await result;
      await waitForReceipts(product, sent.turns, 100);
      await countRows(product.sql, sent);
      return { turns: sent.turns - WARM_UP_TURNS, ...describeSamples(samples, WARM_UP_TURNS / sent.turns) };
    } finally {
      clearInterval(timer);
    }
  } finally {
    await product.stop();
  }
}

// Turns are stored at an even rate.
function describeSamples(all: readonly number[], warmUpShare: number): Omit<MemoryRun, "turns"> {
  const warmUp = all.slice(0, all.length * warmUpShare);
  const samples = all.slice(warmUp.length);
  if (samples.length < PARTS * 2)
    throw new Error(`${samples.length} samples of memory are too few: send more turns`);
  const partsMb = Array.from({ length: PARTS }, (_unused, part) =>
    quantile(samples.slice((part * samples.length) / PARTS, ((part + 1) * samples.length) / PARTS), 0.5),
  );
  const middle = quantile(partsMb, 0.5);
  const swing = Math.max(...partsMb.map((mb) => Math.abs(mb - middle))) / middle;
  return { peakMb: Math.max(...all), warmUpMb: quantile(warmUp, 0.5), partsMb, swing };
}
