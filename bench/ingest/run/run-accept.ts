import type { Bundles } from "../../../test/support/build-bundles.ts";
import { measureAccept, measureBareServer } from "../measure/measure-accept.ts";
import type { Options } from "../options.ts";
import { atLeast, head, median, type Outcome, row, type Verdict } from "../report.ts";
import { LOAD_CONCURRENCY } from "./run-load.ts";
import { turnsToSend } from "../send-turns.ts";

const LEAST_RATIO = 0.35;
// Fewer take longer for as many turns.
const TURNS_PER_CLIENT = 2_000;

/** Measure accepting: per size and number of clients, in each round the bare server, then the product on each backend. */
export async function runAccept(
  options: Options,
  bundles: Bundles,
  say: (line: string) => void,
): Promise<Outcome> {
  const verdicts: Verdict[] = [];
  const figures: Outcome["figures"][number][] = [];
  say("\n## Accepting: 202s per second, no worker\n");
  say(head(["size", "clients", "of"], ["per second", "ratio", "rounds"]));
  const orders = options.sizes.flatMap((size) =>
    options.clients.map((clients) => {
      const turns = turnsToSend(size, Math.min(options.turns, clients * TURNS_PER_CLIENT));
      return { size, clients, turns };
    }),
  );
  for (const order of orders) {
    const { size, clients } = order;
    const bare: number[] = [];
    const rounds = new Map(options.backend.map((backend) => [backend, [] as number[]]));
    for (let round = 1; round <= options.rounds; round += 1) {
      bare.push(await measureBareServer(order));
      for (const [backend, values] of rounds) {
        const profileLabel = options.profile ? `accept-${backend}-${size}-${clients}-${round}` : undefined;
        const { concurrency } = options;
        values.push(await measureAccept({ bundles, backend, concurrency, profileLabel }, order));
      }
    }
    figures.push({ size, clients, of: "bare server", perSecond: bare });
    say(row(size, `${clients}`, "bare server", median(bare), 1, describe(bare)));
    for (const [backend, values] of rounds) {
      const ratio = median(values) / median(bare);
      figures.push({ size, clients, of: backend, perSecond: values });
      say(row(size, `${clients}`, backend, median(values), ratio, describe(values)));
      if (backend !== "postgres" && clients === LOAD_CONCURRENCY)
        verdicts.push(atLeast(`accept, ${backend}, ${size}`, ratio, LEAST_RATIO));
    }
  }
  return { verdicts, figures };
}

function describe(values: readonly number[]): string {
  return values.map((value) => value.toFixed(0)).join(", ");
}
