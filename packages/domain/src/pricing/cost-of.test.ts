import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { priceTable } from "./price-table.ts";
import { costOf, priceOf } from "./cost-of.ts";
import { Usage } from "../turn/turn-schema.ts";

const usage = (counts: object): Usage => Usage.parse(counts);

describe("priceOf", () => {
  it.each([
    ["claude-sonnet-4-5", "claude-sonnet-4-5"],
    ["claude-sonnet-4-5-20250929", "claude-sonnet-4-5"],
    ["claude-sonnet-4-20250514", "claude-sonnet-4"],
    ["claude-3-5-haiku-latest", "claude-3-5-haiku"],
    ["claude-haiku-4-5@20251001", "claude-haiku-4-5"],
    ["gpt-4o-mini-2024-07-18", "gpt-4o-mini"],
    ["gpt-4o-2024-08-06", "gpt-4o"],
    ["gpt-4o-2024-05-13", "gpt-4o-2024-05-13"],
    ["gpt-5.1-codex-mini", "gpt-5.1-codex-mini"],
    ["gpt-5-chat-latest", "gpt-5-chat"],
  ])("knows %s as %s", (model, entry) => {
    expect(priceOf(model, undefined)?.model).toBe(entry);
  });

  it.each([
    "",
    "claude",
    "claude-opus-4-99",
    "gpt-5-unheard-of",
    "gpt-4o-audio-preview",
    "llama3.2",
    "constructor",
  ])("knows no price of %s", (model) => {
    expect(priceOf(model, undefined)).toBeUndefined();
  });

  it("takes the price in force at the time, the first before all, and the last at none", () => {
    expect(priceOf("o3", "2025-06-09T23:59:59Z")?.input).toBe(10);
    expect(priceOf("o3", "2025-06-10T00:00:00Z")?.input).toBe(2);
    expect(priceOf("o3", "0001-01-01T00:00:00Z")?.input).toBe(10);
    expect(priceOf("o3", undefined)?.input).toBe(2);
    expect(priceOf("o3", "yesterday")?.input).toBe(2);
  });

  it("has one entry per model and day, in order of time, with a source and no negative price", () => {
    for (const { model, from, source, input, output, cacheRead, cacheWrite } of priceTable) {
      const days = priceTable.filter((price) => price.model === model).map((price) => price.from);
      expect(days).toEqual([...new Set(days)].sort());
      expect(from).toMatch(/^\d{4}-\d{2}-\d{2}$/);
      expect(source).not.toBe("");
      expect(Math.min(input, output, cacheRead, cacheWrite)).toBeGreaterThan(0);
    }
  });
});

describe("costOf", () => {
  it("prices input, output, cache reads and cache writes apart, each token once", () => {
    const counts = usage({
      prompt_tokens: 1_000,
      completion_tokens: 100,
      cache_creation_input_tokens: 300,
      cache_read_input_tokens: 500,
    });

    // 200 x 3 + 300 x 3.75 + 500 x 0.30 + 100 x 15 micro-dollars
    expect(costOf("claude-sonnet-4-5-20250929", counts)).toBe("0.003375");
  });

  it("is exact where floating point is not", () => {
    expect(costOf("gpt-5-nano", usage({ prompt_tokens: 1, cache_read_input_tokens: 1 }))).toBe("0.000000005");
    expect(costOf("gpt-4o-mini", usage({ prompt_tokens: 3, completion_tokens: 7 }))).toBe("0.00000465");
    expect(costOf("claude-3-5-haiku", usage({ prompt_tokens: 999_999_999_999, completion_tokens: 1 }))).toBe(
      "800000.0000032",
    );
    expect(costOf("o3", usage({ prompt_tokens: 1_000_000 }))).toBe("2");
    expect(costOf("o3", usage({ prompt_tokens: 0, completion_tokens: 0 }))).toBe("0");
  });

  it("is never negative, when the cache counters exceed the prompt either", () => {
    const counts = usage({ prompt_tokens: 10, cache_read_input_tokens: 1_000 });

    expect(costOf("claude-opus-4-5", counts)).toBe("0.0005");
  });

  it("is null for an unknown model, and when no usage is known", () => {
    expect(costOf("llama3.2", usage({ prompt_tokens: 1 }))).toBeNull();
    expect(costOf("o3", undefined)).toBeNull();
    expect(costOf("o3", usage({ total_duration_ns: 5 }))).toBeNull();
  });

  it("is a plain decimal of at most twelve places, for any counts", () => {
    const count = fc.nat();
    const model = fc.constantFrom(...priceTable.map((price) => price.model));

    fc.assert(
      fc.property(
        model,
        count,
        count,
        count,
        (name, prompt_tokens, completion_tokens, cache_read_input_tokens) => {
          const cost = costOf(name, usage({ prompt_tokens, completion_tokens, cache_read_input_tokens }));
          expect(cost).toMatch(/^\d+(\.\d{0,11}[1-9])?$/);
        },
      ),
    );
  });
});
