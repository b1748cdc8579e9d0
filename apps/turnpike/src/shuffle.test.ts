import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shuffle } from "./shuffle.ts";

const items = Array.from({ length: 10 }, (_unused, index) => index);

describe("shuffle", () => {
  it("keeps every item once, and leaves its input alone", () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), fc.integer(), (given, seed) => {
        const before = [...given];
        const shuffled = shuffle(given, seed);
        expect(given).toEqual(before);
        expect(shuffled.toSorted((a, b) => a - b)).toEqual(given.toSorted((a, b) => a - b));
      }),
    );
  });

  it("gives the same order for the same seed, on every machine and in every version", () => {
    expect(shuffle(items, 7)).toEqual([6, 5, 8, 1, 2, 3, 4, 7, 9, 0]);
  });

  it("gives another order for another seed", () => {
    const orders = new Set(Array.from({ length: 50 }, (_unused, seed) => shuffle(items, seed).join()));
    expect(orders.size).toBe(50);
  });

  it("brings every item to every place", () => {
    const seen = items.map(() => new Set<number>());
    for (let seed = 0; seed < 500; seed += 1) {
      shuffle(items, seed).forEach((item, place) => seen[place]?.add(item));
    }
    expect(seen.map((found) => found.size)).toEqual(items.map(() => items.length));
  });
});
