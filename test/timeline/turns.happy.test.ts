import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { prepare } from "../support/prepare.ts";
import { conversation, turnBody } from "../support/turn-body.ts";
import { type TurnPage, useTimeline } from "./timeline-fixture.ts";

const fixture = useTimeline();
const org = randomUUID();
const bodies = conversation({ org, turns: 9, forkAt: 4 });
let sessionId = "";
let turnIds: string[] = [];

beforeAll(async () => {
  const results = await fixture.ingest(...bodies);
  sessionId = results[0]?.sessionId ?? "";
  turnIds = results.map((result) => result.turnId);
});

describe("GET /v1/sessions/{id}/turns", () => {
  it("lists the turns in the order in which they were stored", async () => {
    const { status, body } = await fixture.get<TurnPage>(`/v1/sessions/${sessionId}/turns`, org);
    expect(status).toBe(200);
    expect(body.nextAfter).toBeNull();
    expect(body.items.map((turn) => turn.id)).toEqual(turnIds);
    expect(body.items[0]).toMatchObject({
      sessionId,
      provider: "anthropic",
      model: "claude-sonnet-4-5",
      stopReason: "tool_use",
      chainLength: 2,
      inputTokens: 101,
      outputTokens: 1,
      // 101 x 3 + 1 x 15 micro-dollars
      costUsd: 0.000318,
      firstSequence: 1,
      lastSequence: 5,
      replacedChars: 0,
      occurredAt: null,
      requestId: null,
      extra: null,
    });
  });

  it.each([1, 2, 3, 10, 200])("walked in pages of %i gives each turn once", async (limit) => {
    const seen: string[] = [];
    let after: number | null = 0;
    while (after !== null) {
      const query: string = `?limit=${limit}&after=${after}`;
      const { body } = await fixture.get<TurnPage>(`/v1/sessions/${sessionId}/turns${query}`, org);
      expect(body.items.length).toBeLessThanOrEqual(limit);
      seen.push(...body.items.map((turn) => turn.id));
      after = body.nextAfter;
    }
    expect(seen).toEqual(turnIds);
  });

  it("walked while turns are added gives each of them once", async () => {
    const busy = randomUUID();
    const [first, ...more] = conversation({ org: busy, turns: 40 });
    const [result] = await fixture.ingest(first as string);
    const path = `/v1/sessions/${result?.sessionId}/turns`;
    let isWriting = true;
    const writing = Promise.all(more.map((body) => fixture.store.ingestTurns([prepare(body)]))).finally(
      () => {
        isWriting = false;
      },
    );
    const follow = async (): Promise<number[]> => {
      const seen: number[] = [];
      for (;;) {
        const isOver = !isWriting;
        const { body } = await fixture.get<TurnPage>(`${path}?limit=3&after=${seen.at(-1) ?? 0}`, busy);
        seen.push(...body.items.map((turn) => turn.firstSequence));
        if (isOver && body.nextAfter === null) return seen;
      }
    };
    const [seen] = await Promise.all([follow(), writing]);
    expect(seen).toHaveLength(40);
    expect(seen).toEqual([...new Set(seen)].sort((left, right) => left - right));
  });

  it("shows what the capture client knows of an exchange", async () => {
    const known = JSON.stringify({
      ...(JSON.parse(turnBody({ org, session: "meta" })) as object),
      agent_name: "claude",
      meta: {
        request_id: "req-1",
        upstream_request_id: "up-1",
        thread_id: "thread-1",
        elapsed_seconds: 1.25,
        captured_at: "2026-11-21T08:10:00.5+01:00",
      },
    });
    const [result] = await fixture.ingest(known);
    const { body } = await fixture.get<TurnPage>(`/v1/sessions/${result?.sessionId}/turns`, org);
    expect(body.items[0]).toMatchObject({
      agentName: "claude",
      requestId: "req-1",
      upstreamRequestId: "up-1",
      threadId: "thread-1",
      durationMs: 1_250,
      occurredAt: "2026-11-21T07:10:00.500000Z",
    });
  });

  it("says so when a turn's model has no known price", async () => {
    const [result] = await fixture.ingest(
      turnBody({ org, session: "free", response: { model: "llama3.2" } }),
    );
    const { body } = await fixture.get<TurnPage>(`/v1/sessions/${result?.sessionId}/turns`, org);
    expect(body.items[0]).toMatchObject({ costUsd: null, model: "llama3.2" });
    const session = await fixture.get(`/v1/sessions/${result?.sessionId}`, org);
    expect(session.body).toMatchObject({ unpricedTurnCount: 1, totalCostUsd: 0 });
  });
});

describe("GET /v1/sessions/{id}/turns/{turn_id}", () => {
  it("shows a turn with its whole chain, root to head, as it was received", async () => {
    const { status, body } = await fixture.get(`/v1/sessions/${sessionId}/turns/${turnIds[2]}`, org);
    const prepared = prepare(bodies[2] as string);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: turnIds[2], chainLength: 6, headHash: prepared.facts.headHash });
    const nodes = body["nodes"] as Record<string, unknown>[];
    expect(nodes.map(({ hash, parentHash, role, content }) => ({ hash, parentHash, role, content }))).toEqual(
      prepared.nodes.map((node) => ({
        ...node,
        content: JSON.parse(JSON.stringify(node.content)) as unknown,
      })),
    );
  });

  it("knows of a node in the middle what its own turn said of it", async () => {
    const { body } = await fixture.get(`/v1/sessions/${sessionId}/turns/${turnIds[2]}`, org);
    const nodes = body["nodes"] as Record<string, unknown>[];
    expect(nodes.map((node) => [node["role"], node["model"] !== null, node["inputTokens"]])).toEqual([
      ["user", false, null],
      ["assistant", true, 101],
      ["user", false, null],
      ["assistant", true, 102],
      ["user", false, null],
      ["assistant", true, 103],
    ]);
  });

  it("keeps the order of keys in a tool's input", async () => {
    const toolInput = { zebra: 1, apple: { y: 1, x: 2 }, "10": true, "9": false };
    const response = {
      message: {
        role: "assistant",
        content: [{ type: "tool_use", tool_use_id: "t", tool_name: "Write", tool_input: toolInput }],
      },
    };
    const [result] = await fixture.ingest(turnBody({ org, session: "keys", response }));
    const answer = await fixture.app.request(
      `/v1/sessions/${result?.sessionId}/turns/${result?.turnId}?org_id=${org}`,
    );
    expect(await answer.text()).toContain(JSON.stringify(toolInput));
  });
});
