import { describe, expect, it } from "vitest";
import { readEventsBody } from "./events-body.ts";

const session = { harness_id: "claude", harness_session_id: "s1" };
const withEvent = (event: object): object => ({ session, events: [{ type: "run_started", ...event }] });
const nested = (levels: number): object =>
  JSON.parse(`${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`) as object;

describe("readEventsBody", () => {
  it("reads the smallest post: an event of a type alone, in the nil org", () => {
    const { session: envelope, events } = readEventsBody({ session, events: [{ type: "a" }] });
    expect(envelope).toMatchObject({ ...session, org_id: "00000000-0000-0000-0000-000000000000" });
    expect(events).toEqual([{ type: "a" }]);
  });

  it("keeps ids, runs, messages and metadata as they came, and times as UTC with microseconds", () => {
    const event = { id: " \u0000é ", type: "run_failed", run_id: "r", message: "", metadata: { a: [null] } };
    expect(
      readEventsBody(withEvent({ ...event, occurred_at: "2026-11-21T07:10:00.123456+01:00" })).events,
    ).toEqual([{ ...event, occurred_at: "2026-11-21T06:10:00.123456Z" }]);
  });

  it("takes null for absent, and ignores unknown keys", () => {
    const noisy = { id: null, occurred_at: null, run_id: null, message: null, metadata: null, x: 1 };
    expect(readEventsBody({ ...withEvent(noisy), x: 1 })).toEqual(readEventsBody(withEvent({})));
  });

  it.each<[string, object]>([
    ["an id of 200 characters", { id: "語".repeat(200) }],
    ["a type of 100 characters", { type: "a".repeat(100) }],
    ["a run of 200 characters", { run_id: "x".repeat(200) }],
    ["a message of 100,000 characters", { message: "x".repeat(100_000) }],
    ["metadata of 512 levels", { metadata: nested(512) }],
    ["metadata with a key that is no ordinary one", { metadata: JSON.parse('{"__proto__":1}') as object }],
  ])("takes %s", (_name, event) => {
    expect(readEventsBody(withEvent(event)).events[0]).toMatchObject(event);
  });

  it("takes 1,000 events in their order", () => {
    const events = Array.from({ length: 1_000 }, (_unused, index) => ({ type: "a", id: `e${index}` }));
    expect(readEventsBody({ session, events }).events).toEqual(events);
  });

  it.each<[string, object, RegExp]>([
    ["no id", { id: "" }, /^events\[0\]\.id: must not be empty/],
    ["an id of 201 characters", { id: "x".repeat(201) }, /^events\[0\]\.id: .*<=200 characters$/],
    ["an id that is no string", { id: 7 }, /^events\[0\]\.id: expected string/],
    ["a reserved id", { id: "redacted:7" }, /^events\[0\]\.id: begins with a word that Turnpike keeps/],
    ["an id of a refused link", { id: "parent_link_refused:x" }, /^events\[0\]\.id: begins/],
    ["an id of an import", { id: "import:x" }, /^events\[0\]\.id: begins/],
    ["an empty type", { type: "" }, /^events\[0\]\.type: must be snake_case/],
    ["a type in capitals", { type: "RunStarted" }, /^events\[0\]\.type: must be snake_case/],
    ["a type with a line break", { type: "run\n" }, /^events\[0\]\.type: must be snake_case/],
    ["a type of 101 characters", { type: "a".repeat(101) }, /^events\[0\]\.type: .*<=100 characters$/],
    ["no type", { type: undefined }, /^events\[0\]\.type: expected string/],
    ["a tombstone", { type: "redacted" }, /^events\[0\]\.type: is a type that only Turnpike/],
    [
      "a day that is none",
      { occurred_at: "2026-02-30T00:00:00Z" },
      /^events\[0\]\.occurred_at: must be an RFC/,
    ],
    ["a time before 1970", { occurred_at: "1969-12-31T23:59:59Z" }, /^events\[0\]\.occurred_at: must be/],
    ["a number for a time", { occurred_at: 1_763_709_000 }, /^events\[0\]\.occurred_at: expected string/],
    ["an empty run", { run_id: "" }, /^events\[0\]\.run_id: must not be empty/],
    ["a run of 201 characters", { run_id: "x".repeat(201) }, /^events\[0\]\.run_id: .*<=200/],
    ["a long message", { message: "x".repeat(100_001) }, /^events\[0\]\.message: .*<=100000/],
    ["a list for metadata", { metadata: [] }, /^events\[0\]\.metadata: must be a JSON object$/],
    ["metadata of 513 levels", { metadata: nested(513) }, /^events\[0\]\.metadata: nested deeper than 512/],
  ])("refuses %s, and names the field without its value", (_name, event, message) => {
    expect(() => readEventsBody(withEvent(event))).toThrow(
      expect.objectContaining({
        code: "invalid_envelope",
        message: expect.toSatisfy((text: string) => message.test(text.replace("invalid envelope: ", ""))),
      }),
    );
  });

  it.each<[string, unknown, string]>([
    ["no body", undefined, "body: expected object, received undefined"],
    ["no session", { events: [{ type: "a" }] }, "session: expected object, received undefined"],
    ["a null session", { session: null, events: [{ type: "a" }] }, "session: expected object, received null"],
    ["no events", { session }, "events: expected array, received undefined"],
    ["an empty list", { session, events: [] }, "events: expected array to have >=1 items"],
    [
      "1,001 events",
      { session, events: Array.from({ length: 1_001 }, () => ({ type: "a" })) },
      "events: expected array to have <=1000 items",
    ],
    [
      "an org that is none",
      { session: { ...session, org_id: "acme" }, events: [{ type: "a" }] },
      "org_id is not a valid UUID",
    ],
    [
      "no harness",
      { session: { harness_session_id: "s1" }, events: [{ type: "a" }] },
      "session.harness_id: must be given: events belong to a session that its harness names",
    ],
    [
      "an unknown harness",
      { session: { ...session, harness_id: "unknown" }, events: [{ type: "a" }] },
      "session.harness_id: must be given: events belong to a session that its harness names",
    ],
    [
      "no session id",
      { session: { harness_id: "claude" }, events: [{ type: "a" }] },
      "session.harness_session_id: must be given: events belong to a session that its harness names",
    ],
    [
      "a fault further down",
      { session, events: [{ type: "a" }, { type: "b" }, { type: "b", id: 1 }] },
      "events[2].id: expected string, received number",
    ],
  ])("refuses %s", (_name, body, message) => {
    expect(() => readEventsBody(body)).toThrow(
      expect.objectContaining({ code: "invalid_envelope", message: `invalid envelope: ${message}` }),
    );
  });
});
