import { expect, it } from "vitest";
import { createRecentPeak } from "./recent-peak.ts";

it("keeps the highest of the last span, and forgets it within two", () => {
  let at = 1_000;
  const peak = createRecentPeak({ spanMs: 100, now: () => at });
  expect(peak.read()).toBe(0);
  peak.note(3);
  peak.note(7);
  peak.note(2);
  expect(peak.read()).toBe(7);
  at += 100;
  peak.note(4);
  expect(peak.read()).toBe(7);
  at += 100;
  expect(peak.read()).toBe(4);
  at += 100;
  expect(peak.read()).toBe(0);
});

it("forgets all at once when nobody came for two spans", () => {
  let at = 0;
  const peak = createRecentPeak({ spanMs: 100, now: () => at });
  peak.note(9);
  at += 200;
  expect(peak.read()).toBe(0);
});
