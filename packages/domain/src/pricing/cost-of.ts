import { type Price, priceTable } from "./price-table.ts";
import type { Usage } from "../turn/turn-schema.ts";

// What may follow a model's name without making it another model: a release date, or "latest".
const VERSION_SUFFIX = /(?:[-@]\d{8}|-\d{4}-\d{2}-\d{2}|-latest)$/;

// 1 USD per million tokens is 10^6 pico-dollars per token; prices have at most six decimals, so this is exact.
const PICO_USD_PER_TOKEN = 1e6;
const PICO_USD_PER_USD = 10n ** 12n;
const PICO_DECIMALS = 12;

// Oldest first, as in the table.
const pricesByModel: ReadonlyMap<string, readonly Price[]> = new Map(
  priceTable.map(({ model }) => [model, priceTable.filter((price) => price.model === model)]),
);

/**
 * Find the price of a model at a time (ISO 8601; the newest price when undefined or unreadable). The model is the table's
 * entry with the longest name that begins `model` and is followed by no more than a date or `-latest`: so the price of
 * `claude-opus-4` is never taken for that of a later `claude-opus-4-x`. Before its first known date a model has its first
 * known price.
 */
export function priceOf(model: string, at: string | undefined): Price | undefined {
  const prices = listPrices(model);
  const time = at === undefined ? Number.NaN : Date.parse(at);
  if (Number.isNaN(time)) return prices.at(-1);
  return prices.findLast((price) => Date.parse(price.from) <= time) ?? prices[0];
}

/**
 * Compute what an exchange cost, in USD: an exact decimal of at most 12 places, without an exponent. Null for an unknown
 * model, and when no usage is known. Tokens written to or read from the provider's cache, which `prompt_tokens` counts
 * among the others, have their own prices and are counted once.
 */
export function costOf(model: string, usage: Usage | undefined, at?: string): string | null {
  const price = priceOf(model, at);
  if (price === undefined || usage === undefined || !hasCounts(usage)) return null;
  const read = usage.cache_read_input_tokens ?? 0;
  const written = usage.cache_creation_input_tokens ?? 0;
  const fresh = Math.max(0, (usage.prompt_tokens ?? 0) - read - written);
  return formatUsd(
    picoUsd(fresh, price.input) +
      picoUsd(read, price.cacheRead) +
      picoUsd(written, price.cacheWrite) +
      picoUsd(usage.completion_tokens ?? 0, price.output),
  );
}

function listPrices(model: string): readonly Price[] {
  return pricesByModel.get(model) ?? pricesByModel.get(model.replace(VERSION_SUFFIX, "")) ?? [];
}

function hasCounts(usage: Usage): boolean {
  return usage.prompt_tokens !== undefined || usage.completion_tokens !== undefined;
}

function picoUsd(tokens: number, usdPerMillionTokens: number): bigint {
  return BigInt(tokens) * BigInt(Math.round(usdPerMillionTokens * PICO_USD_PER_TOKEN));
}

function formatUsd(pico: bigint): string {
  const whole = pico / PICO_USD_PER_USD;
  const decimals = (pico % PICO_USD_PER_USD).toString().padStart(PICO_DECIMALS, "0").replace(/0+$/, "");
  return decimals === "" ? `${whole}` : `${whole}.${decimals}`;
}
