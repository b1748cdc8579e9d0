import type { Size } from "../bodies.ts";
import type { Bundles } from "../../../test/support/build-bundles.ts";
import { measureStore, type StoreRun } from "../measure/measure-store.ts";
import type { Backend, Options } from "../options.ts";
import { atLeast, head, median, type Outcome, row, type Verdict } from "../report.ts";
import { runYardstick } from "../baseline/run-baseline.ts";
import { sessionsFor, turnsToSend } from "../send-turns.ts";

// Of the yardstick, everything on the same cores, at the best number of workers.
const LEAST_ON_REDIS = { "35k": 0.5, "170k": 0.7 };
const LEAST_RATIO: Readonly<Record<Backend, Readonly<Record<Size, number>>>> = {
  redis: LEAST_ON_REDIS,
  "redis-everysec": LEAST_ON_REDIS,
  postgres: { "35k": 0.2, "170k": 0.2 },
};

/** Measure storing: per size, in each round the yardstick, then the product on each backend with each number of workers. */
export async function runStore(
  options: Options,
  bundles: Bundles,
  say: (line: string) => void,
): Promise<Outcome> {
  const verdicts: Verdict[] = [];
  const figures: Outcome["figures"][number][] = [];
  say("\n## Storing: turns per second until all rows are there, and milliseconds of CPU per turn\n");
  say(
    head(
      ["size", "of", "workers"],
      ["per second", "ratio", "rounds", "load", "ingest", "workers", "redis", "postgres"],
    ),
  );
  for (const size of options.sizes) {
    const turns = turnsToSend(size, options.turns);
    const yardstick: number[] = [];
    const cases = options.backend.flatMap((backend) =>
      options.workers.map((workers) => ({ backend, workers, runs: [] as StoreRun[] })),
    );
    for (let round = 1; round <= options.rounds; round += 1) {
      yardstick.push(await runYardstick({ size, sessions: sessionsFor(size, turns) }));
      for (const { backend, workers, runs } of cases) {
        const profileLabel = options.profile ? `store-${backend}-${size}-${workers}-${round}` : undefined;
        const { concurrency } = options;
        runs.push(
          await measureStore({ bundles, backend, concurrency, profileLabel }, { size, turns, workers }),
        );
      }
    }
    figures.push({ size, of: "yardstick", perSecond: yardstick });
    say(row(size, "yardstick", "", median(yardstick), 1, describe(yardstick), "", "", "", "", ""));
    const best = new Map<Backend, number>();
    for (const { backend, workers, runs } of cases) {
      figures.push({ size, of: backend, workers, runs });
      const values = runs.map(({ turnsPerSecond }) => turnsPerSecond);
      const ratio = median(values) / median(yardstick);
      best.set(backend, Math.max(best.get(backend) ?? 0, ratio));
      const cpu = ["load", "ingest", "workers", "redis", "postgres"].map((name) =>
        median(runs.map(({ cpuMs }) => cpuMs[name] ?? 0)),
      );
      say(row(size, backend, String(workers), median(values), ratio, describe(values), ...cpu));
    }
    for (const [backend, ratio] of best) {
      verdicts.push(atLeast(`store, ${backend}, ${size}`, ratio, LEAST_RATIO[backend][size]));
    }
  }
  return { verdicts, figures };
}

function describe(values: readonly number[]): string {
  return values.map((value) => value.toFixed(0)).join(", ");
}
