import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { turnBody } from "../support/turn-body.ts";
import { orgHeader, problem, useTimeline } from "./timeline-fixture.ts";

const fixture = useTimeline();

interface Usage {
  readonly sessions: number;
  readonly turns: number;
}

interface Stats {
  readonly since: string;
  readonly until: string;
  readonly total: Usage;
  readonly byModel: readonly (Usage & { readonly model: string })[];
  readonly byDay: readonly (Usage & { readonly day: string })[];
}

const read = async (org: string, query = ""): Promise<Stats> =>
  (await fixture.get<Stats>(`/v1/stats?${query}`, org)).body;

describe("GET /v1/stats", () => {
  it("sums up turns, by model and by day in UTC", async () => {
    const org = randomUUID();
    await fixture.ingest(
      turnBody({ org, session: "a" }),
      turnBody({ org, session: "a", answer: "two", response: { model: "unheard-of" } }),
      turnBody({ org, session: "b", inputTokens: 1_000, outputTokens: 100 }),
    );
    await fixture.sql`
      UPDATE turns SET created_at = '2026-01-01T23:59:59.999999Z' WHERE org_id = ${org} AND model = 'unheard-of'`;
    await fixture.sql`
      UPDATE turns SET created_at = '2026-01-02T00:00:00Z' WHERE org_id = ${org} AND model <> 'unheard-of'`;
    const stats = await read(org, "since=2026-01-01T00:00:00Z&until=2026-01-03T00:00:00Z");
    expect(stats.total).toEqual({
      sessions: 2,
      turns: 3,
      unpricedTurns: 1,
      inputTokens: 1_200,
      outputTokens: 120,
      cacheCreationInputTokens: 0,
      cacheReadInputTokens: 0,
      costUsd: 0.00495,
    });
    expect(stats.byModel).toMatchObject([
      { model: "claude-sonnet-4-5", turns: 2, sessions: 2, unpricedTurns: 0 },
      { model: "unheard-of", turns: 1, sessions: 1, unpricedTurns: 1, costUsd: 0 },
    ]);
    expect(stats.byDay).toMatchObject([
      { day: "2026-01-01", turns: 1, sessions: 1 },
      { day: "2026-01-02", turns: 2, sessions: 2 },
    ]);

    const turns = async (query: string) => (await read(org, query)).total.turns;
    expect(await turns("since=2026-01-02T00:00:00Z&until=2026-01-02T00:00:00.000001Z")).toBe(2);
    expect(await turns("since=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00Z")).toBe(1);
    expect(await turns("since=2026-01-02T00:00:00Z&until=2026-01-02T00:00:00Z")).toBe(0);
    expect(await turns("until=2026-02-01T00:00:00Z")).toBe(2);
  });

  it("covers the last 30 days when it is not told, and is empty for an org without turns", async () => {
    const org = randomUUID();
    const empty = await read(org);
    expect(empty).toMatchObject({ total: { sessions: 0, turns: 0 }, byModel: [], byDay: [] });
    expect(Date.parse(empty.until) - Date.parse(empty.since)).toBe(30 * 86_400_000);
    await fixture.ingest(turnBody({ org }));
    expect(await read(org)).toMatchObject({ total: { sessions: 1, turns: 1 } });
    expect(await read(org, "since=2999-01-01T00:00:00Z")).toMatchObject({ total: { turns: 0 } });
  });

  it("takes a span of 366 days, and leaves out what was deleted", async () => {
    const org = randomUUID();
    const [turn] = await fixture.ingest(turnBody({ org }));
    await fixture.sql`UPDATE turns SET created_at = '2024-06-01T00:00:00Z' WHERE org_id = ${org}`;
    const span = "since=2024-01-01T00:00:00Z&until=2025-01-01T00:00:00Z";
    expect(await read(org, span)).toMatchObject({ total: { turns: 1 } });
    await fixture.app.request(`/v1/sessions/${turn?.sessionId}`, {
      method: "DELETE",
      headers: orgHeader(org),
    });
    expect(await read(org, span)).toMatchObject({ total: { turns: 0 } });
  });

  it.each([
    ["since=2024-01-01T00:00:00Z&until=2025-01-01T00:00:00.001Z", "since"],
    ["since=2000-01-01T00:00:00Z", "since"],
    ["since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "since"],
    ["since=now", "since"],
    ["until=2026-13-01T00:00:00Z", "until"],
    ["until=", "until"],
  ])("refuses %s", async (query, name) => {
    const { body } = await fixture.get(`/v1/stats?${query}`);
    expect(body).toMatchObject(problem(400, "invalid_query"));
    expect(body["detail"]).toMatch(new RegExp(`^${name}: `));
  });

  it("takes the earliest end there is", async () => {
    expect(await read(randomUUID(), "until=0001-01-01T00:00:00Z")).toMatchObject({ total: { turns: 0 } });
  });
});
