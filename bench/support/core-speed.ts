import { beside } from "./beside.ts";

/** How fast the cores were: milliseconds of CPU that one and the same piece of work took. Where others share them it varies. */
export interface CoreSpeed {
  readonly meanMs: number;
  /** The mean of the fastest second. */
  readonly fastestMs: number;
  /** The mean of the slowest second. */
  readonly slowestMs: number;
}

const EVERY_MS = 50;
const SAMPLES_PER_SECOND = 1_000 / EVERY_MS;
// Branches and memory, as in what is measured: sums alone are hardly slower on a core that is shared.
const TEXT = JSON.stringify(Array.from({ length: 400 }, (_unused, at) => ({ at, name: `${at}`.repeat(30) })));
// Until the code for it is in the caches.
const WARM_UP = 20;

/** Run something, and beside it the same piece of work over and over, a two-hundredth of one core's time in all. */
export async function watchCores<T>(run: () => Promise<T>): Promise<{ result: T; speed: CoreSpeed }> {
  for (let time = 0; time < WARM_UP; time += 1) JSON.parse(TEXT);
  const samples: number[] = [];
  const result = await beside(run, { act: () => void samples.push(timeWork()), everyMs: EVERY_MS });
  return { result, speed: describe(samples) };
}

/** Of this process's threads, so that what else ran on the core meanwhile does not count. */
function timeWork(): number {
  const before = process.cpuUsage();
  JSON.parse(TEXT);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

function describe(samples: readonly number[]): CoreSpeed {
  const whole = Math.max(1, Math.floor(samples.length / SAMPLES_PER_SECOND));
  const seconds = Array.from({ length: whole }, (_unused, second) =>
    meanOf(samples.slice(second * SAMPLES_PER_SECOND, (second + 1) * SAMPLES_PER_SECOND)),
  );
  return {
    meanMs: meanOf(samples),
    fastestMs: Math.min(...seconds),
    slowestMs: Math.max(...seconds),
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
