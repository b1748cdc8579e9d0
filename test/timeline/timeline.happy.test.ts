import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { prepare } from "../support/prepare.ts";
import { conversation } from "../support/turn-body.ts";
import { type Event, type Timeline, useTimeline } from "./timeline-fixture.ts";

const fixture = useTimeline();
const org = randomUUID();
let sessionId = "";
let total = 0;

beforeAll(async () => {
  const results = await fixture.ingest(...conversation({ org, turns: 12, forkAt: 5 }));
  const last = results.at(-1);
  sessionId = last?.sessionId ?? "";
  total = last?.outcome === "stored" ? last.lastSequence : 0;
});

const read = async (query: string): Promise<Timeline> => {
  const { status, body } = await fixture.get<Timeline>(`/v1/sessions/${sessionId}/timeline${query}`, org);
  expect(status).toBe(200);
  return body;
};

const numbers = (events: readonly Event[]): number[] => events.map((event) => event.sequence);
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_unused, index) => from + index);

describe("GET /v1/sessions/{id}/timeline", () => {
  it("gives every event of the session in order, from 1, without a gap, each later than the one before", async () => {
    const page = await read("?limit=1000");
    expect(page).toMatchObject({ sessionId, latestSequence: total, nextAfter: total, hasMore: false });
    expect(numbers(page.events)).toEqual(range(1, total));
    const times = page.events.map((event) => event.createdAt);
    expect(times).toEqual([...new Set(times)].sort());
    for (const time of times) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  });

  it("shows an event with what it is about, and leaves out what is not known", async () => {
    const { events } = await read("?limit=4");
    expect(events.map((event) => event.eventType)).toEqual([
      "session_created",
      "message_received",
      "tool_call_started",
      "message_sent",
    ]);
    expect(events[0]).toEqual({
      sequence: 1,
      id: expect.any(String),
      eventType: "session_created",
      createdAt: expect.any(String),
      metadata: { harnessId: "claude", harnessSessionId: "session-1" },
    });
    expect(events[1]).toMatchObject({
      metadata: { role: "user", preview: "Find the bug. 🐞 Где ошибка?" },
      nodeHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      turnId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(JSON.stringify(events)).not.toContain("null");
  });

  it.each([1, 2, 7, 100, 1_000])("walked in pages of %i gives each event once", async (limit) => {
    const seen: number[] = [];
    let after = 0;
    for (;;) {
      const page = await read(`?after=${after}&limit=${limit}`);
      seen.push(...numbers(page.events));
      expect(page.events.length).toBeLessThanOrEqual(limit);
      expect(page.hasMore).toBe(page.nextAfter < total);
      after = page.nextAfter;
      if (!page.hasMore) break;
    }
    expect(seen).toEqual(range(1, total));
  });

  it("gives 100 events when no limit is named", async () => {
    const big = randomUUID();
    const results = await fixture.store.ingestTurns(
      conversation({ org: big, turns: 40 }).map((body) => prepare(body)),
    );
    const id = results[0]?.sessionId ?? "";
    const { body } = await fixture.get<Timeline>(`/v1/sessions/${id}/timeline`, big);
    expect(body.events).toHaveLength(100);
    expect(body).toMatchObject({ nextAfter: 100, hasMore: true });
  });

  it("gives an empty page at the end and past it, from which a reader goes on where it was", async () => {
    expect(await read(`?after=${total}`)).toEqual({
      sessionId,
      events: [],
      latestSequence: total,
      nextAfter: total,
      hasMore: false,
    });
    expect(await read(`?after=${total + 1_000}`)).toMatchObject({ events: [], nextAfter: total + 1_000 });
    expect(await read(`?after=${Number.MAX_SAFE_INTEGER}`)).toMatchObject({ events: [] });
  });

  it("of a session that is known by name only is empty", async () => {
    const other = randomUUID();
    const [result] = await fixture.ingest(
      ...conversation({ org: other, turns: 1 }).map((body) => {
        const turn = JSON.parse(body) as { session: Record<string, unknown> };
        turn.session["parent_harness_session_id"] = "the-parent";
        return JSON.stringify(turn);
      }),
    );
    const child = await fixture.get(`/v1/sessions/${result?.sessionId}`, other);
    const parentId = String(child.body["parentSessionId"]);
    const { body } = await fixture.get<Timeline>(`/v1/sessions/${parentId}/timeline`, other);
    expect(body).toEqual({
      sessionId: parentId,
      events: [],
      latestSequence: 0,
      nextAfter: 0,
      hasMore: false,
    });
  });

  it("is the same whichever case its id is written in", async () => {
    const { body } = await fixture.get<Timeline>(
      `/v1/sessions/${sessionId.toUpperCase()}/timeline?limit=1`,
      org,
    );
    expect(body.sessionId).toBe(sessionId);
    expect(body.events).toHaveLength(1);
  });
});

describe("a timeline that is read while it grows", () => {
  it("shows every event once, in order, to each of several readers", async () => {
    const busy = randomUUID();
    const bodies = conversation({ org: busy, turns: 60 });
    const [first] = await fixture.ingest(bodies[0] as string);
    const id = first?.sessionId ?? "";
    let isWriting = true;
    const writing = Promise.all(
      [0, 1, 2].map(async (lane) => {
        for (let index = lane + 1; index < bodies.length; index += 3) {
          await fixture.store.ingestTurns([prepare(bodies[index] as string)]);
        }
      }),
    ).finally(() => {
      isWriting = false;
    });
    const follow = async (limit: number): Promise<number[]> => {
      const seen: number[] = [];
      let after = 0;
      for (;;) {
        // Asked before the page is: what is committed by now is on a page from here on.
        const isOver = !isWriting;
        const { body } = await fixture.get<Timeline>(
          `/v1/sessions/${id}/timeline?after=${after}&limit=${limit}`,
          busy,
        );
        seen.push(...numbers(body.events));
        expect(body.latestSequence).toBeGreaterThanOrEqual(body.events.at(-1)?.sequence ?? 0);
        after = body.nextAfter;
        if (isOver && !body.hasMore) return seen;
      }
    };
    const [readers] = await Promise.all([Promise.all([follow(3), follow(10), follow(1_000)]), writing]);
    const [row] = await fixture.sql`SELECT latest_sequence::int AS n FROM sessions WHERE id = ${id}`;
    for (const seen of readers) expect(seen).toEqual(range(1, row?.["n"] as number));
  });
});
