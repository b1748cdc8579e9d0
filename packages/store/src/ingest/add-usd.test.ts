import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addUsd } from "./add-usd.ts";

const PICO = 10n ** 12n;

/** Write pico-dollars as a plain decimal, with as few places as `costOf` gives, or with all of them. */
function decimalOf(pico: bigint, isShort: boolean): string {
  const places = (pico % PICO).toString().padStart(12, "0");
  const shown = isShort ? places.replace(/0+$/, "") : places;
  return shown === "" ? `${pico / PICO}` : `${pico / PICO}.${shown}`;
}

describe("addUsd", () => {
  it("adds exactly, where floating point does not", () => {
    expect(addUsd("0.1", "0.2")).toBe("0.300000000000");
    expect(addUsd("0", "0")).toBe("0.000000000000");
    expect(addUsd("999999999999.999999999999", "0.000000000001")).toBe("1000000000000.000000000000");
  });

  it("agrees with whole pico-dollars for any amounts, however many there are", () => {
    const amount = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 24n }), fc.boolean());
    fc.assert(
      fc.property(fc.array(amount, { maxLength: 20 }), (amounts) => {
        const sum = amounts.reduce((total, [pico, isShort]) => addUsd(total, decimalOf(pico, isShort)), "0");
        const expected = amounts.reduce((total, [pico]) => total + pico, 0n);
        expect(addUsd(sum, "0")).toBe(decimalOf(expected, false));
      }),
    );
  });
});
