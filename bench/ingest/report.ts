/** Prints what was measured as Markdown, and holds it against the bars. */
import { cpus, totalmem, availableParallelism } from "node:os";
import { quantile } from "../support/quantiles.ts";
import { describeWriteBack } from "../support/write-back.ts";
import type { TurnCost } from "./measure/measure-cost.ts";
import type { Latency } from "./measure/measure-latency.ts";
import type { MemoryRun } from "./measure/measure-memory.ts";

/** A bar, and whether it is met. */
export interface Verdict {
  readonly bar: string;
  readonly measured: number;
  readonly isMet: boolean;
}

/** What came of a measurement. */
export interface Outcome {
  readonly verdicts: readonly Verdict[];
  /** All that was measured, for programs. */
  readonly figures: readonly Readonly<Record<string, unknown>>[];
}

const MAX_COST_RATIO = 1.3;
const MAX_P99_MS = 100;
const MAX_SWING = 0.1;
const MAX_RSS_MB = 250;

/** Say where and when this was measured. */
export function describeMachine(): string {
  const [cpu] = cpus();
  const gib = Math.round(totalmem() / 2 ** 30);
  const day = new Date().toISOString().slice(0, 10);
  const cores = `${availableParallelism()} cores of ${cpu?.model ?? "an unknown processor"}`;
  return `${day}, ${cores}, ${gib} GiB, Node ${process.version}; ${describeWriteBack()}`;
}

/** The value in the middle of the rounds. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** A row of a table. */
export function row(...cells: readonly (string | number)[]): string {
  const texts = cells.map((cell) => (typeof cell === "number" ? round(cell) : cell));
  return `| ${texts.join(" | ")} |`;
}

/** Head of a table whose first columns are names and whose others are figures. */
export function head(names: readonly string[], figures: readonly string[]): string {
  return `${row(...names, ...figures)}\n|${"---|".repeat(names.length)}${"---:|".repeat(figures.length)}`;
}

/** Hold a measured value against a least one. */
export function atLeast(bar: string, measured: number, least: number): Verdict {
  return { bar: `${bar} ≥ ${least}`, measured, isMet: measured >= least };
}

/** Hold a measured value against a largest one. */
function atMost(bar: string, measured: number, most: number): Verdict {
  return { bar: `${bar} ≤ ${most}`, measured, isMet: measured <= most };
}

/** The bars of what a turn costs; those of time are for people to judge. */
export function judgeCost(name: string, { early, late }: { early: TurnCost; late: TurnCost }): Verdict[] {
  const ratio = (of: keyof TurnCost): number => late[of] / early[of];
  return (["statements", "rows", "walBytes", "pages"] as const).map((of) =>
    atMost(`${name}: turn 200 / turn 2, ${of}`, ratio(of), MAX_COST_RATIO),
  );
}

/** The bar of latency: the p99 in the middle of the rounds. */
export function judgeLatency(name: string, rounds: readonly Latency[]): Verdict {
  const p99 = median(rounds.map(({ visible }) => quantile(visible, 0.99)));
  return atMost(`${name}: accept → visible at 70 %, p99 ms`, p99, MAX_P99_MS);
}

/** The bars of memory. */
export function judgeMemory(name: string, run: MemoryRun): Verdict[] {
  return [
    atMost(`${name}: swing of memory`, run.swing, MAX_SWING),
    atMost(`${name}: peak RSS in MB`, run.peakMb, MAX_RSS_MB),
  ];
}

function round(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
