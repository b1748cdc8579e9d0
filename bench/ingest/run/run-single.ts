/** The measurements that are made once per backend: cost and memory. */
import type { Bundles } from "../../../test/support/build-bundles.ts";
import { measureCost, type TurnCost } from "../measure/measure-cost.ts";
import { measureMemory } from "../measure/measure-memory.ts";
import type { Options } from "../options.ts";
import { head, judgeCost, judgeMemory, type Outcome, row, type Verdict } from "../report.ts";

type Run = (options: Options, bundles: Bundles, say: (line: string) => void) => Promise<Outcome>;

/** Measure what a turn costs by the length of its history. */
export const runCost: Run = async ({ backend: backends, concurrency }, bundles, say) => {
  const verdicts: Verdict[] = [];
  const figures: Outcome["figures"][number][] = [];
  say("\n## What turn 200 of a session costs against turn 2\n");
  say(head(["queue", "of one turn"], ["turn 2", "turn 200", "ratio"]));
  for (const backend of backends) {
    const cost = await measureCost({ bundles, backend, concurrency });
    figures.push({ of: backend, ...cost });
    for (const of of Object.keys(cost.early) as (keyof TurnCost)[]) {
      say(row(backend, of, cost.early[of], cost.late[of], cost.late[of] / cost.early[of]));
    }
    verdicts.push(...judgeCost(`cost, ${backend}`, cost));
  }
  return { verdicts, figures };
};

/** Watch a worker's memory over a long run. */
export const runMemory: Run = async (options, bundles, say) => {
  const { backend: backends, concurrency } = options;
  const verdicts: Verdict[] = [];
  const figures: Outcome["figures"][number][] = [];
  say(`\n## Memory of one worker at concurrency ${concurrency}\n`);
  say(head(["queue"], ["turns", "peak MB", "swing", "warm-up, MB", "then medians of tenths, MB"]));
  for (const backend of backends) {
    const run = await measureMemory({ bundles, backend, concurrency }, options["memory-turns"]);
    figures.push({ of: backend, concurrency, ...run });
    const parts = run.partsMb.map((mb) => mb.toFixed(0)).join(", ");
    say(row(backend, run.turns, run.peakMb, run.swing, run.warmUpMb, parts));
    verdicts.push(...judgeMemory(`memory, ${backend}`, run));
  }
  return { verdicts, figures };
};
