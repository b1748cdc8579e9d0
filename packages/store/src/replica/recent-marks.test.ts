import { describe, expect, it } from "vitest";
import { createRecentMarks } from "./recent-marks.ts";

describe("recent marks", () => {
  it("keep the highest number of a key", () => {
    const marks = createRecentMarks(100, () => 0);
    marks.raise("a", 3);
    marks.raise("a", 2);
    marks.raise("b", 1);
    expect([marks.get("a"), marks.get("b"), marks.get("c")]).toEqual([3, 1, undefined]);
  });

  it("hold for at least their span and at most for two, however they are spread over it", () => {
    for (let raisedAt = 0; raisedAt < 100; raisedAt += 1) {
      let now = 0;
      const marks = createRecentMarks(100, () => now);
      now = raisedAt;
      marks.raise("a", 1);
      now = raisedAt + 99;
      expect(marks.get("a")).toBe(1);
      now = raisedAt + 200;
      expect(marks.get("a")).toBeUndefined();
    }
  });

  it("that are raised again hold from then on", () => {
    let now = 0;
    const marks = createRecentMarks(100, () => now);
    marks.raise("a", 5);
    now = 150;
    marks.raise("a", 2);
    now = 240;
    expect(marks.get("a")).toBe(5);
  });

  it("are lowered only by who knows of everything that was raised", () => {
    const marks = createRecentMarks(100, () => 0);
    marks.raise("a", 9);
    const count = marks.count();
    expect([marks.lower("a", 5, count), marks.get("a")]).toEqual([true, 5]);
    marks.raise("a", 6);
    expect([marks.lower("a", 5, count), marks.get("a")]).toEqual([false, 6]);
    expect([marks.lower("a", 7, marks.count()), marks.get("a")]).toEqual([false, 6]);
  });

  it("are lowered also when they have aged", () => {
    let now = 0;
    const marks = createRecentMarks(100, () => now);
    marks.raise("a", 9);
    now = 150;
    expect([marks.lower("a", 5, marks.count()), marks.get("a")]).toEqual([true, 5]);
  });

  it("of more keys than workers write to are no more than so many", () => {
    const marks = createRecentMarks(100, () => 0);
    for (let key = 0; key <= 250_000; key += 1) marks.raise(String(key), 1);
    expect([marks.get("0"), marks.get("250000")]).toEqual([undefined, 1]);
  });
});
