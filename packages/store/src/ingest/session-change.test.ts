import type { PreparedSessionTurn, SessionFacts, TurnFacts } from "@turnpike/domain/prepare/prepared-turn";
import { describe, expect, it } from "vitest";
import type { LockedSession } from "./lock-sessions.ts";
import { createSessionChange } from "./session-change.ts";

const session: LockedSession = {
  orgId: "00000000-0000-0000-0000-000000000000",
  id: "0199f7a2-6c7e-7cc3-98c4-dc0c0c07398f",
  authSubject: "",
  harnessVersion: null,
  cwd: "/old",
  name: null,
  metadata: { kept: 1, nested: { a: 1, b: 2 } },
  parentSessionId: null,
  isDeleted: false,
  turnCount: 0,
  latestSequence: 7,
  nextEventAt: "2026-11-21 07:10:00.123456+00",
};

const said: SessionFacts = {
  harnessId: "claude",
  harnessSessionId: "s1",
  parent: undefined,
  authSubject: "",
  harnessVersion: undefined,
  cwd: undefined,
  name: undefined,
  metadata: {},
};

function turnOf(facts: Partial<TurnFacts> = {}, given: Partial<SessionFacts> = {}): PreparedSessionTurn {
  return {
    receipt: "",
    orgId: session.orgId,
    session: { ...said, ...given },
    nodes: [],
    events: [],
    facts: {
      rootHash: "r",
      headHash: "h",
      chainLength: 1,
      provider: "anthropic",
      model: "m",
      agentName: undefined,
      stopReason: undefined,
      inputTokens: 10,
      outputTokens: 2,
      cacheCreationInputTokens: 3,
      cacheReadInputTokens: 4,
      costUsd: "0.1",
      durationMs: undefined,
      requestId: undefined,
      upstreamRequestId: undefined,
      threadId: undefined,
      occurredAt: undefined,
      replacedChars: 0,
      extra: undefined,
      ...facts,
    },
  };
}

describe("what a batch makes of a session", () => {
  it("is nothing, as long as nobody says anything", () => {
    const change = createSessionChange(session, undefined);
    expect(change.isDirty()).toBe(false);
    expect(change.facts).toMatchObject({ cwd: "/old", parentSessionId: null });
  });

  it("is a parent, when it gets one", () => {
    const change = createSessionChange(session, "parent");
    expect(change.isDirty()).toBe(true);
    expect(change.facts.parentSessionId).toBe("parent");
  });

  it("is the sum of its new turns, unpriced ones counted apart", () => {
    const change = createSessionChange(session, undefined);
    change.countTurn(turnOf());
    change.countTurn(turnOf({ costUsd: null, inputTokens: 5 }));
    change.countTurn(turnOf({ costUsd: "0.2" }));
    expect(change.counters).toEqual({
      turns: 3,
      unpricedTurns: 1,
      inputTokens: 25,
      outputTokens: 6,
      cacheCreationInputTokens: 9,
      cacheReadInputTokens: 12,
      costUsd: "0.300000000000",
      events: 0,
    });
  });

  it("has a first turn only once, and only when it had none before", () => {
    const change = createSessionChange(session, undefined);
    expect(change.isFirstTurn()).toBe(true);
    change.countTurn(turnOf());
    expect(change.isFirstTurn()).toBe(false);
    expect(createSessionChange({ ...session, turnCount: 1 }, undefined).isFirstTurn()).toBe(false);
  });

  it("numbers its events on from the latest, without a gap, each a microsecond later", () => {
    const change = createSessionChange(session, undefined);
    expect(change.takeNumbers(3)).toEqual({ sequence: 8, offsetUs: 0 });
    expect(change.takeNumbers(2)).toEqual({ sequence: 11, offsetUs: 3 });
    expect(change.counters.events).toBe(5);
  });
});

describe("a fact of a session", () => {
  it("that a new turn names wins; one that it leaves out stays", () => {
    const change = createSessionChange({ ...session, authSubject: "ada" }, undefined);
    change.countTurn(turnOf({}, { cwd: "/new", name: "Bug" }));
    change.countTurn(turnOf({}, { harnessVersion: "2.0" }));
    expect(change.facts).toMatchObject({
      authSubject: "ada",
      cwd: "/new",
      name: "Bug",
      harnessVersion: "2.0",
    });
  });

  it("that a repeated turn names only fills a blank", () => {
    const change = createSessionChange(session, undefined);
    change.fillBlanks({ ...said, authSubject: "ada", cwd: "/late", metadata: { kept: 2, more: true } });
    expect(change.facts).toMatchObject({ authSubject: "ada", cwd: "/old" });
    expect([...change.facts.metadata]).toEqual([["more", true]]);
  });

  it("that is repeated as it is changes nothing", () => {
    const change = createSessionChange(session, undefined);
    change.fillBlanks({ ...said, cwd: "/old", metadata: { kept: 1 } });
    expect(change.isDirty()).toBe(false);
  });
});

describe("metadata of a session", () => {
  it("is merged key by key, the last one wins, and only what changes is written", () => {
    const change = createSessionChange(session, undefined);
    change.countTurn(turnOf({}, { metadata: { kept: 1, fresh: "a" } }));
    change.countTurn(turnOf({}, { metadata: { fresh: "b", nested: { c: 3 } } }));
    expect(Object.fromEntries(change.facts.metadata)).toEqual({ fresh: "b", nested: { c: 3 } });
  });

  it("in another order of keys is the same", () => {
    const change = createSessionChange(session, undefined);
    change.countTurn(turnOf({}, { metadata: { nested: { b: 2, a: 1 } } }));
    expect(change.facts.metadata.size).toBe(0);
  });

  it("may have keys that mean something to JavaScript", () => {
    const change = createSessionChange(session, undefined);
    change.countTurn(turnOf({}, { metadata: { constructor: 1, toString: null } }));
    expect([...change.facts.metadata]).toEqual([
      ["constructor", 1],
      ["toString", null],
    ]);
  });
});
