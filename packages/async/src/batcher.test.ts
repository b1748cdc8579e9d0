import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type LanesOptions, openLanes } from "./batcher.ts";

const LONG_MS = 60_000;
const settled = () => new Promise(setImmediate);

/** Lanes that take up to three things at a time, and hold each group until it is let go. */
function useLanes(options: Partial<LanesOptions>) {
  const waiting: number[] = [];
  const groups: number[][] = [];
  const gates: (() => void)[] = [];
  const wake = openLanes({
    lanes: 1,
    patienceMs: LONG_MS,
    restMs: 0,
    hasWork: () => waiting.length > 0,
    isFull: () => waiting.length >= 3,
    workOff() {
      groups.push(waiting.splice(0, 3));
      return new Promise((resolve) => gates.push(resolve));
    },
    ...options,
  });
  return {
    groups,
    put: (...things: number[]) => {
      for (const thing of things) {
        waiting.push(thing);
        wake();
      }
    },
    letGo: () => gates.shift()?.(),
  };
}

describe("lanes", () => {
  it("take the first thing at once, with what comes in the same tick, and then what has gathered", async () => {
    const { groups, put, letGo } = useLanes({});
    put(1, 2);
    await settled();
    put(3, 4, 5, 6);
    expect(groups).toEqual([[1, 2]]);
    letGo();
    await sleep(5);
    expect(groups).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
    letGo();
    await sleep(5);
    expect(groups).toEqual([[1, 2], [3, 4, 5], [6]]);
  });

  it("rest between groups, unless waiting for more would be in vain", async () => {
    const { groups, put, letGo } = useLanes({ restMs: LONG_MS });
    put(1);
    await settled();
    letGo();
    await settled();
    put(2);
    await settled();
    expect(groups).toEqual([[1]]);
    put(3, 4);
    await settled();
    expect(groups).toEqual([[1], [2, 3, 4]]);
  });

  it("open another one when something waits too long for a busy one, and no more than there are", async () => {
    const { groups, put } = useLanes({ lanes: 2, patienceMs: 1 });
    put(1);
    await settled();
    put(2);
    await sleep(20);
    expect(groups).toEqual([[1], [2]]);
    put(3);
    await sleep(20);
    expect(groups).toEqual([[1], [2]]);
  });

  it("stay one while nothing waits for long, however much comes", async () => {
    const { groups, put, letGo } = useLanes({ lanes: 2, patienceMs: 300 });
    put(0);
    await settled();
    for (let thing = 1; thing <= 80; thing += 1) {
      put(thing);
      await sleep(5);
      expect(groups).toHaveLength(thing);
      letGo();
      await settled();
    }
  });

  it("take things again after they had nothing to do", async () => {
    const { groups, put, letGo } = useLanes({});
    for (const thing of [1, 2]) {
      put(thing);
      await settled();
      letGo();
      await sleep(5);
    }
    expect(groups).toEqual([[1], [2]]);
  });
});
