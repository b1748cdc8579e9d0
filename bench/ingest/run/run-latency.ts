import { type CoreSpeed, watchCores } from "../../support/core-speed.ts";
import { describeTimes } from "../../support/quantiles.ts";
import type { Bundles } from "../../../test/support/build-bundles.ts";
import { type Latency, measureLatency } from "../measure/measure-latency.ts";
import { measureStore } from "../measure/measure-store.ts";
import type { Options } from "../options.ts";
import { head, judgeLatency, type Outcome, row, type Verdict } from "../report.ts";

const SHARE_OF_CAPACITY = 0.7;
const LOW_PER_SECOND = 10;

/**
 * Measure how long a turn takes to be seen: once at low load, and in each round at 70 % of what is stored per second, which is
 * measured just before, for a machine is not equally fast at all times.
 */
export async function runLatency(
  options: Options,
  bundles: Bundles,
  say: (line: string) => void,
): Promise<Outcome> {
  const { backend: backends, concurrency, rounds, turns } = options;
  const workers = options.workers[0] ?? 1;
  const verdicts: Verdict[] = [];
  const figures: Outcome["figures"][number][] = [];
  say(`\n## From 202 to visible in the timeline, 35 kB, workers: ${workers}\n`);
  say(
    head(
      ["queue", "load"],
      [
        "turns per second",
        "until the 202, p50 / p95 / p99 ms",
        "from it until visible",
        "cores busy",
        "disk held up",
        "a piece of work on a core, ms: for the capacity; watched",
        "so of what was possible then",
      ],
    ),
  );
  const products = backends.map((backend) => ({
    backend,
    product: { bundles, backend, concurrency },
    atHigh: [] as Latency[],
  }));
  for (const { backend, product } of products) {
    const atLow = await measureLatency(product, { turnsPerSecond: LOW_PER_SECOND, workers });
    say(row(backend, "low", LOW_PER_SECOND, ...describe(atLow), describeCores(atLow.cores), ""));
    figures.push({ of: backend, workers, turnsPerSecond: LOW_PER_SECOND, ms: atLow });
  }
  for (let round = 1; round <= rounds; round += 1) {
    for (const { backend, product, atHigh } of products) {
      const measured = await watchCores(() => measureStore(product, { size: "35k", turns, workers }));
      const capacity = measured.result.turnsPerSecond;
      const turnsPerSecond = capacity * SHARE_OF_CAPACITY;
      const times = await measureLatency(product, { turnsPerSecond, workers });
      const cores = `${describeCores(measured.speed)}; ${describeCores(times.cores)}`;
      // Cores that have become slower meanwhile could not store as many as they did.
      const shareThen = (SHARE_OF_CAPACITY * times.cores.meanMs) / measured.speed.meanMs;
      const load = `70 % of ${capacity.toFixed(0)}`;
      say(row(backend, load, turnsPerSecond, ...describe(times), cores, `${(100 * shareThen).toFixed(0)} %`));
      figures.push({
        of: backend,
        workers,
        round,
        capacity,
        coresForCapacity: measured.speed,
        shareThen,
        turnsPerSecond,
        ms: times,
      });
      atHigh.push(times);
    }
  }
  for (const { backend, atHigh } of products) verdicts.push(judgeLatency(`latency, ${backend}`, atHigh));
  return { verdicts, figures };
}

function describe({ accepted, visible, machine }: Latency): string[] {
  const heldUp = `${(100 * machine.heldUp).toFixed(1)} %, ${machine.longestWaitMs.toFixed(0)} ms at most`;
  return [describeTimes(accepted), describeTimes(visible), machine.busyCores.toFixed(2), heldUp];
}

/** The mean, and the means of the fastest and the slowest second. */
function describeCores({ meanMs, fastestMs, slowestMs }: CoreSpeed): string {
  return `${meanMs.toFixed(2)} (${fastestMs.toFixed(2)} to ${slowestMs.toFixed(2)})`;
}
