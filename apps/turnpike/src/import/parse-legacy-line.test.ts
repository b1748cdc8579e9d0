import { describe, expect, it } from "vitest";
import { parseLegacyLine } from "./parse-legacy-line.ts";

const sessionId = "3f1c9d52-7a44-4c0e-9b1e-5d7a0f4e2c11";
const parse = (line: unknown) =>
  parseLegacyLine(Buffer.from(typeof line === "string" ? line : JSON.stringify(line)));
const first = { sessionId, event: "run_started", timestamp: "2026-11-21T07:10:00.123456+01:00" };
const second = { sessionId, eventType: "run_started", createdAt: "2026-11-21T07:10:00Z" };

describe("a line of an older log", () => {
  it("of the first form keeps its other keys as metadata", () => {
    expect(parse({ ...first, tool: "Read", deep: { a: [1] } })).toEqual({
      sessionId,
      eventType: "run_started",
      occurredAt: "2026-11-21T06:10:00.123456Z",
      metadata: { tool: "Read", deep: { a: [1] } },
    });
  });

  it("of the second form keeps its metadata as it is, null counting as none", () => {
    expect(parse({ ...second, metadata: { event: 1, timestamp: 2 }, other: 1 })).toMatchObject({
      metadata: { event: 1, timestamp: 2 },
    });
    expect(parse({ ...second, metadata: null })).toMatchObject({ metadata: {} });
    expect(parse(second)).toMatchObject({ metadata: {} });
  });

  it("may be of any type that an older system wrote, those of turns among them", () => {
    expect(parse({ ...first, event: "turn_completed" })).toMatchObject({ eventType: "turn_completed" });
  });

  it.each([
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((version) => `3f1c9d52-7a44-${version}c0e-9b1e-5d7a0f4e2c11`),
    "00000000-0000-0000-0000-000000000000",
    "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
    "3F1C9D52-7A44-4C0E-9B1E-5D7A0F4E2C11",
  ])("may name its session by %s", (id) => {
    expect(parse({ ...first, sessionId: id })).toMatchObject({ sessionId: id.toLowerCase() });
  });

  it("has what Postgres cannot hold replaced", () => {
    expect(parse({ ...first, "a\u0000": "b\ud800" })).toMatchObject({ metadata: { "a\ufffd": "b\ufffd" } });
  });

  it.each<[string, unknown, string]>([
    ["is no JSON", "{", "not_json"],
    ["is no object", [first], "not_json"],
    ["has no session", { ...first, sessionId: undefined }, "session_id_not_uuid"],
    ["has a session that is no UUID", { ...first, sessionId: "session-1" }, "session_id_not_uuid"],
    [
      "has a UUID of version 9",
      { ...first, sessionId: "3f1c9d52-7a44-9c0e-9b1e-5d7a0f4e2c11" },
      "session_id_not_uuid",
    ],
    ["has a UUID in braces", { ...first, sessionId: `{${sessionId}}` }, "session_id_not_uuid"],
    ["has a number for a session", { ...first, sessionId: 7 }, "session_id_not_uuid"],
    ["has no type", { sessionId, timestamp: first.timestamp }, "bad_type"],
    ["has a type in capitals", { ...first, event: "RunStarted" }, "bad_type"],
    ["has a type of 101 characters", { ...first, event: "a".repeat(101) }, "bad_type"],
    ["stands for an erased event", { ...second, eventType: "redacted" }, "bad_type"],
    ["has no time", { sessionId, event: "a" }, "bad_time"],
    ["has a number for a time", { ...first, timestamp: 1_763_709_000_000 }, "bad_time"],
    ["has a day that is none", { ...first, timestamp: "2026-02-30T00:00:00Z" }, "bad_time"],
    ["has a list for metadata", { ...second, metadata: [] }, "bad_metadata"],
    [
      "has metadata of 513 levels",
      `{"sessionId":"${sessionId}","eventType":"a","createdAt":"2026-11-21T07:10:00Z","metadata":${'{"a":'.repeat(513)}1${"}".repeat(513)}}`,
      "bad_metadata",
    ],
  ])("that %s is set aside", (_name, line, reason) => {
    expect(parse(line)).toBe(reason);
  });

  it("that is not UTF-8 is set aside", () => {
    const bytes = Buffer.from(JSON.stringify({ ...first, text: "é" }), "latin1");
    expect(parseLegacyLine(bytes)).toBe("not_json");
  });
});
