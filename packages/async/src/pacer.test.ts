import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createPacer } from "./pacer.ts";

/** A pacer, and the numbers of the works that have begun. */
function createRecordedPacer(maxWaitingBytes = Number.POSITIVE_INFINITY) {
  const pacer = createPacer({ startsPerTurn: 3, maxWaitingBytes });
  const begun: number[] = [];
  const startAll = (from: number, to: number): void => {
    for (let work = from; work < to; work += 1) pacer.start(() => begun.push(work), 10);
  };
  return { begun, startAll };
}

describe("a pacer", () => {
  it("begins at once what is few", () => {
    const { begun, startAll } = createRecordedPacer();
    startAll(0, 3);
    expect(begun).toEqual([0, 1, 2]);
  });

  it("begins so many in each turn of the event loop, in the order in which they came", async () => {
    const { begun, startAll } = createRecordedPacer();
    startAll(0, 8);
    expect(begun).toEqual([0, 1, 2]);
    await nextTurn();
    expect(begun).toEqual([0, 1, 2, 3, 4, 5]);
    startAll(8, 9);
    expect(begun).toHaveLength(6);
    await nextTurn();
    expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it("begins at once again after a turn without work", async () => {
    const { begun, startAll } = createRecordedPacer();
    startAll(0, 3);
    await nextTurn();
    startAll(3, 6);
    expect(begun).toHaveLength(6);
  });

  it("lets no more wait than may be held: the first of them begins instead", async () => {
    const { begun, startAll } = createRecordedPacer(40);
    startAll(0, 7);
    expect(begun).toEqual([0, 1, 2]);
    startAll(7, 9);
    expect(begun).toEqual([0, 1, 2, 3, 4]);
    await nextTurn();
    await nextTurn();
    expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it("lets timers come in between", async () => {
    const pacer = createPacer({ startsPerTurn: 1, maxWaitingBytes: Number.POSITIVE_INFINITY });
    let begun = 0;
    const workOneMs = (): void => {
      begun += 1;
      const end = performance.now() + 1;
      while (performance.now() < end);
    };
    for (let work = 0; work < 300; work += 1) pacer.start(workOneMs, 1);
    const begunAtTimer = await new Promise<number>((resolve) => setTimeout(() => resolve(begun), 5));
    expect(begunAtTimer).toBeLessThan(300);
    while (begun < 300) await nextTurn();
  });
});
