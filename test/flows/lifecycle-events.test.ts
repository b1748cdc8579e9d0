/** Lifecycle events of harnesses, end to end: through ingest, the queue and the worker into the session's one timeline. */
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { allBackends } from "../support/backends.ts";
import { runPool, useStack } from "../support/stack.ts";
import { shuffle } from "../../apps/turnpike/src/shuffle.ts";
import { conversation } from "../support/turn-body.ts";
import { waitUntil } from "../support/wait-until.ts";

interface Receipt {
  readonly state: string;
  readonly sessionId: string;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly reason: string;
}

interface TimelineEvent {
  readonly sequence: number;
  readonly id: string;
  readonly eventType: string;
  readonly createdAt: string;
  readonly occurredAt?: string;
  readonly runId?: string;
  readonly message?: string;
  readonly metadata: Record<string, unknown>;
}

describe.each(allBackends())("lifecycle events on $name", (backend) => {
  const stack = useStack(backend);

  const post = async (org: string, events: readonly object[], session: object = {}): Promise<string> => {
    const answer = await fetch(`${stack.ingestUrl}/v1/ingest/events`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        session: { org_id: org, harness_id: "claude", harness_session_id: "session-1", ...session },
        events,
      }),
    });
    const said = (await answer.json()) as { receipt?: string };
    if (answer.status !== 202) throw new Error(`${answer.status}: ${JSON.stringify(said)}`);
    return said.receipt ?? "";
  };
  const settle = (org: string, receipt: string): Promise<Receipt> =>
    waitUntil(
      async () => {
        const said = await stack.read<Receipt>(`/v1/receipts/${receipt}?org_id=${org}`);
        return said.state !== "queued" && said;
      },
      { what: `receipt ${receipt} has an end` },
    );
  const store = async (org: string, events: readonly object[], session?: object): Promise<Receipt> =>
    settle(org, await post(org, events, session));
  const readTimeline = async (org: string, sessionId: string): Promise<readonly TimelineEvent[]> => {
    const page = await stack.read<{ events: TimelineEvent[]; hasMore: boolean }>(
      `/v1/sessions/${sessionId}/timeline?org_id=${org}&limit=1000`,
    );
    expect(page.hasMore).toBe(false);
    return page.events;
  };

  it("keep their ids, times, runs, messages and metadata, in their order", async () => {
    const org = randomUUID();
    const full = {
      id: "evt 1/é",
      type: "run_started",
      occurred_at: "2001-02-03T04:05:06.123456+01:00",
      run_id: "run-1",
      message: "\u0000 begins",
      metadata: { deep: { list: [1, null, "\ud800"] }, empty: {} },
    };
    const receipt = await store(org, [
      full,
      { type: "session_paused" },
      { type: "run_failed", run_id: "run-2" },
    ]);
    expect(receipt).toEqual({
      receipt: expect.any(String),
      state: "stored",
      sessionId: expect.any(String),
      firstSequence: 1,
      lastSequence: 3,
    });
    const events = await readTimeline(org, receipt.sessionId);
    expect(events.map(({ sequence, eventType }) => [sequence, eventType])).toEqual([
      [1, "run_started"],
      [2, "session_paused"],
      [3, "run_failed"],
    ]);
    expect(events[0]).toMatchObject({
      id: "evt 1/é",
      occurredAt: "2001-02-03T03:05:06.123456Z",
      runId: "run-1",
      message: "\ufffd begins",
      metadata: { deep: { list: [1, null, "\ufffd"] }, empty: {} },
    });
    expect(events[1]?.id).toMatch(/^[0-9a-f-]{36}$/);
    const runs = await stack.sql`SELECT session_id, id FROM runs WHERE org_id = ${org} ORDER BY id`;
    expect(runs.map((run) => [run["session_id"], run["id"]])).toEqual([
      [receipt.sessionId, "run-1"],
      [receipt.sessionId, "run-2"],
    ]);
  });

  it("bring their session's facts, and its parent, with them", async () => {
    const org = randomUUID();
    const { sessionId } = await store(org, [{ type: "session_started" }], {
      cwd: "/zoo",
      harness_version: "2",
      parent_harness_session_id: "parent-1",
    });
    const [row] = await stack.sql`
      SELECT s.cwd, s.harness_version, s.turn_count, p.harness_session_id AS parent
      FROM sessions s JOIN sessions p ON p.org_id = s.org_id AND p.id = s.parent_session_id WHERE s.id = ${sessionId}`;
    expect(row).toEqual({ cwd: "/zoo", harness_version: "2", turn_count: "0", parent: "parent-1" });
  });

  it("with an id that was sent before are there once; the receipt says what was new", async () => {
    const org = randomUUID();
    const event = (id: string) => ({
      id,
      type: "step",
      occurred_at: "2026-01-01T00:00:00.5Z",
      metadata: { id },
    });
    const first = await store(org, [event("a"), event("b")]);
    expect(await store(org, [event("b"), event("c"), event("b")])).toMatchObject({
      state: "stored",
      firstSequence: 3,
      lastSequence: 3,
    });
    const repeated = await store(org, [event("c"), event("a")]);
    expect(repeated).toEqual({
      receipt: expect.any(String),
      state: "duplicate",
      sessionId: first.sessionId,
    });
    expect((await readTimeline(org, first.sessionId)).map(({ id }) => id)).toEqual(["a", "b", "c"]);
  });

  it("with an id that is there with another body are dead, all of the post, and the receipt says why", async () => {
    const org = randomUUID();
    const { sessionId } = await store(org, [{ id: "a", type: "step" }]);
    const receipt = await store(org, [
      { id: "new", type: "step", run_id: "r" },
      { id: "a", type: "step", metadata: { other: true } },
    ]);
    expect(receipt).toMatchObject({
      state: "dead",
      reason: "event_conflict: events[1].id: is there already, with another body",
      attempts: 1,
    });
    expect((await readTimeline(org, sessionId)).map(({ id }) => id)).toEqual(["a"]);
    expect(await stack.sql`SELECT 1 FROM runs WHERE org_id = ${org}`).toHaveLength(0);
  });

  it("do not meet those of another org or session, whatever their ids", async () => {
    const [mine, other] = [randomUUID(), randomUUID()];
    const receipts = await Promise.all([
      store(mine, [{ id: "a", type: "one" }]),
      store(mine, [{ id: "a", type: "two" }], { harness_session_id: "session-2" }),
      store(other, [{ id: "a", type: "three" }]),
    ]);
    expect(receipts.map(({ state }) => state)).toEqual(["stored", "stored", "stored"]);
    const answer = await fetch(
      `${stack.timelineUrl}/v1/sessions/${receipts[0]?.sessionId}/timeline?org_id=${other}`,
    );
    expect(answer.status).toBe(404);
  });

  it("of 1,000 in one post are numbered together", async () => {
    const org = randomUUID();
    const events = Array.from({ length: 1_000 }, (_unused, index) => ({ type: "tick", metadata: { index } }));
    const { sessionId } = await store(org, events);
    const read = await readTimeline(org, sessionId);
    expect(read.map(({ metadata }) => metadata["index"])).toEqual(
      events.map(({ metadata }) => metadata.index),
    );
  });

  it("mix with the turns of their session in any order: numbers have no gap, turns emit what they emit", async () => {
    const turns = conversation({ turns: 8 });
    const timelines: (readonly TimelineEvent[])[] = [];
    for (const seed of [1, 2, 3]) {
      const org = randomUUID();
      const work = [
        ...turns.map((body) => () => {
          const turn = JSON.parse(body) as { session: object };
          return stack.post(JSON.stringify({ ...turn, session: { ...turn.session, org_id: org } }));
        }),
        ...Array.from({ length: 20 }, (_unused, index) => {
          const events = [
            { id: `e${index}`, type: "heart_beat" },
            { id: `f${index}`, type: "heart_beat" },
          ];
          return () => post(org, events);
        }),
      ];
      const receipts: string[] = [];
      // Each of them twice, and at once.
      await runPool(shuffle([...work, ...work], seed), 8, async (send) => receipts.push(await send()));
      const ends = await Promise.all(receipts.map((receipt) => settle(org, receipt)));
      expect(ends.filter(({ state }) => state === "stored")).toHaveLength(28);
      expect(ends.filter(({ state }) => state === "duplicate")).toHaveLength(28);
      const events = await readTimeline(org, ends[0]?.sessionId ?? "");
      expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_event, index) => index + 1));
      const times = events.map(({ createdAt }) => createdAt);
      expect(times).toEqual([...new Set(times)].toSorted());
      timelines.push(events);
    }
    const ofTurns = timelines.map((events) =>
      events
        .filter(({ eventType }) => eventType !== "heart_beat")
        .map(({ eventType, metadata }) => JSON.stringify([eventType, metadata]))
        .toSorted(),
    );
    expect(ofTurns[0]?.filter((event) => event.startsWith('["session_created"'))).toHaveLength(1);
    expect(ofTurns[1]).toEqual(ofTurns[0]);
    expect(ofTurns[2]).toEqual(ofTurns[0]);
    expect(timelines[0]).toHaveLength((ofTurns[0]?.length ?? 0) + 40);
  });
});
