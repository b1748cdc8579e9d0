import { describe, expect, it } from "vitest";
import { prepareEvents } from "./prepare-events.ts";

const raw = {
  receipt: "0199f7a2-6c7e-7cc3-98c4-dc0c0c07398f",
  orgId: "3f1c9d52-7a44-4c0e-9b1e-5d7a0f4e2c11",
};
const session = {
  harness_id: "claude",
  harness_session_id: "s1",
  parent_harness_session_id: "p1",
  cwd: "/x",
};

describe("prepareEvents", () => {
  it("gives the session's facts and the events in their order", () => {
    const events = [
      { type: "run_started", id: "1", run_id: "r" },
      { type: "run_failed", message: "no" },
    ];
    expect(prepareEvents({ ...raw, body: JSON.stringify({ session, events }) })).toMatchObject({
      ...raw,
      session: {
        harnessId: "claude",
        harnessSessionId: "s1",
        parent: { harnessId: "claude", harnessSessionId: "p1" },
        cwd: "/x",
        metadata: {},
      },
      events: [
        { id: "1", eventType: "run_started", runId: "r" },
        { eventType: "run_failed", message: "no" },
      ],
    });
  });

  it("replaces what Postgres cannot hold, in keys and values", () => {
    const bad = "a\u0000b\ud800";
    const event = { type: "a", id: bad, run_id: bad, message: bad, metadata: { [bad]: bad } };
    const body = JSON.stringify({ session: { ...session, harness_session_id: bad }, events: [event] });
    const good = "a\ufffdb\ufffd";
    expect(prepareEvents({ ...raw, body })).toMatchObject({
      session: { harnessSessionId: good },
      events: [{ id: good, runId: good, message: good, metadata: { [good]: good } }],
    });
  });

  it.each(["nonsense", "{}", JSON.stringify({ session, events: [] })])("refuses %j for good", (body) => {
    expect(() => prepareEvents({ ...raw, body })).toThrow(
      expect.objectContaining({ code: "invalid_envelope" }),
    );
  });
});
