import { errorCodes } from "@turnpike/domain/errors";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffMs, isWorthTrying, MAX_ATTEMPTS } from "./retry-policy.ts";

describe("the verdict on a failure", () => {
  const triedAfter = (attempts: number) => errorCodes.filter((code) => isWorthTrying(code, attempts));

  it("is to try again whatever may pass by itself, and nothing else", () => {
    expect(triedAfter(1)).toEqual(["queue_unavailable", "store_unavailable", "store_contention", "internal"]);
  });

  it("is to wait for what is away however long it takes, and to give up what nobody foresaw", () => {
    expect(triedAfter(29)).toContain("internal");
    expect(triedAfter(30)).toEqual(["queue_unavailable", "store_unavailable", "store_contention"]);
    expect(triedAfter(MAX_ATTEMPTS - 1)).toEqual(triedAfter(30));
  });
});

describe("the wait before the next attempt", () => {
  it("doubles from a quarter of a second to half a minute", () => {
    const ceilings = Array.from({ length: 10 }, (_unused, index) => backoffMs(index + 1, () => 1));
    expect(ceilings).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  it("lies in the upper half of that, at random", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempts, chance) => {
          const ceiling = backoffMs(attempts, () => 1);
          const wait = backoffMs(attempts, () => chance);
          expect(wait).toBeGreaterThanOrEqual(Math.floor(ceiling / 2));
          expect(wait).toBeLessThanOrEqual(ceiling);
        },
      ),
    );
  });
});
