/** Both jobs tell readers of what they have stored, after the commit; of what was there already they say nothing. */
import { randomUUID } from "node:crypto";
import type { Log } from "@turnpike/domain/ports/ports";
import { createMemoryStore } from "@turnpike/store/memory/memory-store";
import type { Wake } from "@turnpike/wake/wake";
import { ingestEvents } from "@turnpike/worker/jobs/ingest-events";
import { ingestTurn } from "@turnpike/worker/jobs/ingest-turn";
import { v7 as uuidv7 } from "uuid";
import { describe, expect, it } from "vitest";
import { useStore } from "../support/store-fixture.ts";
import { turnBody } from "../support/turn-body.ts";

const log: Log = { info() {}, warn() {}, error() {} };
const fixture = useStore();

const createWakes = () => {
  const published: Wake[] = [];
  return { published, publish: (wakes: readonly Wake[]) => void published.push(...wakes) };
};
const accept = (orgId: string, body: string) => ({
  receipt: uuidv7(),
  orgId,
  requestId: "r",
  acceptedAt: "2026-11-21T07:10:00Z",
  body,
});
const eventsBody = (events: readonly object[]): string =>
  JSON.stringify({ session: { harness_id: "claude", harness_session_id: "session-1" }, events });

describe("a job", () => {
  it("wakes readers up to the last number that it took, and again when it runs again", async () => {
    const org = randomUUID();
    const wakes = createWakes();
    const deps = { store: fixture.store, log, wakes };
    const turn = accept(org, turnBody({ org }));
    expect(await ingestTurn(deps, turn)).toBe("stored");
    const post = accept(org, eventsBody([{ id: "a", type: "step" }, { type: "step" }]));
    expect(await ingestEvents(deps, post)).toBe("stored");
    expect(await ingestEvents(deps, post)).toBe("stored");
    const sessionId = wakes.published[0]?.sessionId;
    expect(wakes.published).toEqual([
      { orgId: org, sessionId, latestSequence: 4 },
      { orgId: org, sessionId, latestSequence: 6 },
      { orgId: org, sessionId, latestSequence: 6 },
    ]);
  });

  it("wakes nobody for what is a duplicate, has no session or fails", async () => {
    const org = randomUUID();
    const body = turnBody({ org });
    const events = eventsBody([{ id: "a", type: "step" }]);
    await ingestTurn({ store: fixture.store, log, wakes: createWakes() }, accept(org, body));
    await ingestEvents({ store: fixture.store, log, wakes: createWakes() }, accept(org, events));
    const wakes = createWakes();
    const deps = { store: fixture.store, log, wakes };
    expect(await ingestTurn(deps, accept(org, body))).toBe("duplicate");
    expect(await ingestEvents(deps, accept(org, events))).toBe("duplicate");
    expect(await ingestTurn(deps, accept(org, turnBody({ envelope: null })))).toBe("stored_without_session");
    const conflict = accept(org, eventsBody([{ id: "a", type: "other" }]));
    await expect(ingestEvents(deps, conflict)).rejects.toMatchObject({ code: "event_conflict" });
    await expect(ingestEvents(deps, accept(org, "{}"))).rejects.toMatchObject({ code: "invalid_envelope" });
    expect(wakes.published).toEqual([]);
  });

  it("of events fails for good on a store that keeps no sessions", async () => {
    const deps = { store: createMemoryStore(), log, wakes: createWakes() };
    const post = accept(randomUUID(), eventsBody([{ type: "step" }]));
    await expect(ingestEvents(deps, post)).rejects.toMatchObject({
      code: "store_rejected",
      message: "this store keeps no sessions, and so no events of them",
    });
  });
});
