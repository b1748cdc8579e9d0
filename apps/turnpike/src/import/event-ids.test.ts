import { describe, expect, it } from "vitest";
import { createEventIds } from "./event-ids.ts";
import type { LegacyEvent } from "./parse-legacy-line.ts";

const event = (metadata: LegacyEvent["metadata"]): LegacyEvent => ({
  sessionId: "3f1c9d52-7a44-4c0e-9b1e-5d7a0f4e2c11",
  eventType: "step",
  occurredAt: "2026-11-21T07:10:00.000000Z",
  metadata,
});

function idsOf(events: readonly LegacyEvent[], filterBits?: number): string[] {
  const ids = createEventIds(filterBits);
  for (const one of events) ids.note(one);
  return events.map((one) => ids.next(one));
}

describe("the id of an imported event", () => {
  it("is the same whenever the file is read, and whatever the order of its keys", () => {
    const ids = idsOf([event({ a: 1, b: 2 }), event({ a: 1 })]);
    expect(idsOf([event({ b: 2, a: 1 }), event({ a: 1 })])).toEqual(ids);
    expect(new Set(ids).size).toBe(2);
    expect(ids[0]).toMatch(/^import:[0-9a-f]{64}:1$/);
  });

  it("tells events of the same content apart, however far apart they stand", () => {
    const between = Array.from({ length: 5_000 }, (_unused, index) => event({ index }));
    const ids = idsOf([event({ a: 1 }), ...between, event({ a: 1 }), event({ a: 1 })]);
    expect(new Set(ids).size).toBe(ids.length);
    expect([ids[0], ids.at(-2), ids.at(-1)].map((id) => id?.split(":")[2])).toEqual(["1", "2", "3"]);
  });

  it("does not depend on how much of the filter is full", () => {
    const events = Array.from({ length: 2_000 }, (_unused, index) => event({ index: index % 1_500 }));
    expect(idsOf(events, 1_024)).toEqual(idsOf(events));
  });
});
