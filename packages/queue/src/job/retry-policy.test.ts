import { errorCodes } from "@turnpike/domain/errors";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffMs, isWorthTrying, MAX_COUNTED_ATTEMPTS } from "./retry-policy.ts";

describe("the verdict on a failure", () => {
  const triedAfter = (countedAttempts: number) =>
    errorCodes.filter((code) => isWorthTrying(code, countedAttempts));

  it("is to try again whatever may pass by itself, and nothing else", () => {
    expect(triedAfter(0)).toEqual([
      "queue_unavailable",
      "store_unavailable",
      "store_contention",
      "store_failed",
      "internal",
    ]);
  });

  it("is to wait for what is away however long it takes, and to give up what was tried often enough", () => {
    const away = ["queue_unavailable", "store_unavailable", "store_contention"];
    const { retry, suspect } = MAX_COUNTED_ATTEMPTS;
    expect(triedAfter(suspect - 1)).toEqual(triedAfter(0));
    expect(triedAfter(suspect)).toEqual([...away, "internal"]);
    expect(triedAfter(retry - 1)).toEqual([...away, "internal"]);
    expect(triedAfter(retry)).toEqual(away);
  });
});

describe("the wait before the next attempt", () => {
  it("doubles from a quarter of a second to half a minute", () => {
    const ceilings = Array.from({ length: 10 }, (_unused, index) => backoffMs(index + 1, undefined, () => 1));
    expect(ceilings).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  it("lies in the upper half of that, at random", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.integer({ min: 100, max: 3_600_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempts, maxDelayMs, chance) => {
          const ceiling = backoffMs(attempts, maxDelayMs, () => 1);
          const wait = backoffMs(attempts, maxDelayMs, () => chance);
          expect(wait).toBeGreaterThanOrEqual(Math.floor(ceiling / 2));
          expect(wait).toBeLessThanOrEqual(ceiling);
          expect(ceiling).toBeLessThanOrEqual(maxDelayMs);
        },
      ),
    );
  });
});
