/**
 * What ingesting costs: `npm run bench` starts all that it needs, measures the bundled apps as processes of their own against
 * a yardstick on the same bodies, and prints tables in Markdown with a verdict per bar. Options: bench/README.md.
 */
import { buildBundles } from "../test/support/build-bundles.ts";
import { readOptions } from "./ingest/options.ts";
import { describeMachine, head, type Outcome, row, type Verdict } from "./ingest/report.ts";
import { runAccept } from "./ingest/run/run-accept.ts";
import { runLatency } from "./ingest/run/run-latency.ts";
import { runCost, runMemory } from "./ingest/run/run-single.ts";
import { runStore } from "./ingest/run/run-store.ts";
import { summariseProfiles } from "./ingest/summarise-profiles.ts";

const runs = {
  accept: runAccept,
  store: runStore,
  cost: runCost,
  latency: runLatency,
  memory: runMemory,
} as const;

const options = readOptions(process.argv.slice(2));
const say = (line: string): void => void process.stdout.write(`${line}\n`);
// An exit ends what was started; a signal alone would not.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const bundles = await buildBundles();
try {
  say(describeMachine());
  const verdicts: Verdict[] = [];
  const figures: Record<string, Outcome["figures"]> = {};
  for (const name of options.only) {
    const startedAtMs = Date.now();
    const outcome = await runs[name](options, bundles, say);
    verdicts.push(...outcome.verdicts);
    figures[name] = outcome.figures;
    if (options.profile) say(await summariseProfiles(startedAtMs));
  }
  say(`\n## Bars\n\n${head(["bar"], ["measured", "met"])}`);
  for (const { bar, measured, isMet } of verdicts) say(row(bar, measured, isMet ? "yes" : "NO"));
  if (options.json) say(JSON.stringify({ machine: describeMachine(), options, figures, verdicts }));
} finally {
  bundles.remove();
}
