/**
 * What models cost, by the providers' public price lists: standard tier, short prompts, in USD per million tokens. A
 * model whose price is not known for certain is left out: no cost is better than a wrong one.
 */

/** One model's prices from a date on. */
export interface Price {
  /** The model's name, without a date suffix unless one dated version has a price of its own. */
  readonly model: string;
  /** The day, in UTC, from which this price is known to hold. */
  readonly from: string;
  readonly input: number;
  readonly output: number;
  /** A prompt token that the provider had in its cache. */
  readonly cacheRead: number;
  /** A prompt token that the provider put into its cache (Anthropic: for five minutes). */
  readonly cacheWrite: number;
  readonly source: string;
}

const ANTHROPIC = "Anthropic, platform.claude.com/docs/en/about-claude/pricing, copy read 2026-11-21";
const OPENAI =
  "OpenAI, platform.openai.com/docs/pricing, from memory and as quoted by others; check before you bill by it";

// Anthropic writes a prompt into its cache at 1.25 times the input price.
const claude = (model: string, from: string, input: number, output: number, cacheRead: number): Price => ({
  model,
  from,
  input,
  output,
  cacheRead,
  cacheWrite: input * 1.25,
  source: ANTHROPIC,
});

// OpenAI fills its cache at no extra charge: a written token costs what an input token costs.
const gpt = (model: string, from: string, input: number, output: number, cacheRead: number): Price => ({
  model,
  from,
  input,
  output,
  cacheRead,
  cacheWrite: input,
  source: OPENAI,
});

/** All known prices; of one model, in the order in which they came into force. */
export const priceTable: readonly Price[] = [
  claude("claude-3-5-sonnet", "2024-06-20", 3, 15, 0.3),
  claude("claude-3-5-haiku", "2024-12-05", 0.8, 4, 0.08),
  claude("claude-3-7-sonnet", "2025-02-24", 3, 15, 0.3),
  claude("claude-opus-4", "2025-05-22", 15, 75, 1.5),
  claude("claude-sonnet-4", "2025-05-22", 3, 15, 0.3),
  claude("claude-opus-4-1", "2025-08-05", 15, 75, 1.5),
  claude("claude-sonnet-4-5", "2025-09-29", 3, 15, 0.3),
  claude("claude-haiku-4-5", "2025-10-15", 1, 5, 0.1),
  claude("claude-opus-4-5", "2025-11-24", 5, 25, 0.5),
  claude("claude-opus-4-6", "2026-02-05", 5, 25, 0.5),
  claude("claude-sonnet-4-6", "2026-02-17", 3, 15, 0.3),
  claude("claude-opus-4-7", "2026-11-21", 5, 25, 0.5),
  claude("claude-opus-4-8", "2026-11-21", 5, 25, 0.5),
  claude("claude-opus-5", "2026-11-21", 5, 25, 0.5),
  claude("claude-fable-5", "2026-11-21", 10, 50, 1),
  gpt("gpt-4o-2024-05-13", "2024-05-13", 5, 15, 5),
  gpt("gpt-4o", "2024-10-02", 2.5, 10, 1.25),
  gpt("gpt-4o-mini", "2024-10-02", 0.15, 0.6, 0.075),
  gpt("gpt-4.1", "2025-04-14", 2, 8, 0.5),
  gpt("gpt-4.1-mini", "2025-04-14", 0.4, 1.6, 0.1),
  gpt("gpt-4.1-nano", "2025-04-14", 0.1, 0.4, 0.025),
  gpt("o3", "2025-04-16", 10, 40, 2.5),
  gpt("o3", "2025-06-10", 2, 8, 0.5),
  gpt("o3-mini", "2025-01-31", 1.1, 4.4, 0.55),
  gpt("o4-mini", "2025-04-16", 1.1, 4.4, 0.275),
  gpt("codex-mini", "2025-05-16", 1.5, 6, 0.375),
  gpt("gpt-5", "2025-08-07", 1.25, 10, 0.125),
  gpt("gpt-5-mini", "2025-08-07", 0.25, 2, 0.025),
  gpt("gpt-5-nano", "2025-08-07", 0.05, 0.4, 0.005),
  gpt("gpt-5-chat", "2025-08-07", 1.25, 10, 0.125),
  gpt("gpt-5-codex", "2025-09-23", 1.25, 10, 0.125),
  gpt("gpt-5.1", "2025-11-13", 1.25, 10, 0.125),
  gpt("gpt-5.1-chat", "2025-11-13", 1.25, 10, 0.125),
  gpt("gpt-5.1-codex", "2025-11-13", 1.25, 10, 0.125),
  gpt("gpt-5.1-codex-mini", "2025-11-13", 0.25, 2, 0.025),
  gpt("gpt-5.1-codex-max", "2025-12-04", 1.25, 10, 0.125),
  gpt("gpt-5.2", "2025-12-11", 1.75, 14, 0.175),
  gpt("gpt-5.2-chat", "2025-12-11", 1.75, 14, 0.175),
  gpt("gpt-5.2-codex", "2026-01-14", 1.75, 14, 0.175),
  gpt("gpt-5.3-codex", "2026-11-21", 1.75, 14, 0.175),
];
