import { beforeAll, describe, expect, it } from "vitest";
import { some, upTo, useEvents } from "./events-fixture.ts";

interface NumberedPage {
  readonly items: readonly { readonly sequence: number; readonly timestamp: string }[];
  readonly pagination: Readonly<Record<string, number | boolean>>;
  readonly latest_sequence: number;
  readonly truncated: boolean;
}

const fixture = useEvents();
let sessionId = "";
let times: string[] = [];

beforeAll(async () => {
  sessionId = await fixture.makeSession();
  const stored = await fixture.append(
    sessionId,
    upTo(45).map((index) => ({ eventType: index % 3 === 0 ? "third" : "other", metadata: { index } })),
  );
  times = stored.map((event) => event.createdAt);
});

const newest = (from: number, to: number): number[] =>
  upTo(from)
    .slice(to - 1)
    .toReversed();

async function page(query: string) {
  const { status, body } = await fixture.get<NumberedPage>(`/api/v2/sessions/${sessionId}/events?${query}`);
  expect(status).toBe(200);
  return { ...body, sequences: body.items.map((item) => item.sequence) };
}

describe("GET /api/v2/sessions/{id}/events", () => {
  it("gives the newest twenty first, in the old system's names", async () => {
    const first = await page("");
    expect(first.sequences).toEqual(newest(45, 26));
    expect(first.pagination).toEqual({
      page: 1,
      per_page: 20,
      total: 45,
      total_pages: 3,
      has_next: true,
      has_prev: false,
    });
    expect(first).toMatchObject({ latest_sequence: 45, truncated: false });
    expect(first.items[0]).toEqual({
      id: expect.any(String),
      session_id: sessionId,
      step_id: null,
      event_type: "third",
      event_data: { index: 45 },
      message: null,
      timestamp: times[44],
      sequence: 45,
    });
  });

  it.each<[string, number[], object]>([
    ["page=2", newest(25, 6), { has_next: true, has_prev: true, total: 45 }],
    ["page=3", newest(5, 1), { has_next: false, has_prev: true }],
    ["page=4", [], { page: 4, total: 45, total_pages: 3, has_next: false, has_prev: true }],
    ["page=10000000", [], { has_next: false }],
    ["per_page=1", [45], { total_pages: 45 }],
    ["per_page=100", newest(45, 1), { total_pages: 1, has_next: false }],
    ["event_type=third&per_page=2", [45, 42], { total: 15, total_pages: 8, has_next: true }],
    [
      "event_type=third&per_page=10&page=2",
      [15, 12, 9, 6, 3],
      { total: 15, has_next: false, has_prev: true },
    ],
    ["event_type=unheard_of", [], { total: 0, total_pages: 0, has_next: false, has_prev: false }],
    ["since=2999-01-01T00:00:00Z", [], { total: 0 }],
  ])("?%s", async (query, sequences, pagination) => {
    const found = await page(query);
    expect(found.sequences).toEqual(sequences);
    expect(found.pagination).toMatchObject(pagination);
  });

  it("total=false counts nothing", async () => {
    const { pagination, sequences } = await page("total=false&page=2");
    expect(sequences).toEqual(newest(25, 6));
    expect(pagination).toEqual({ page: 2, per_page: 20, has_next: true, has_prev: true });
  });

  it("since is exclusive, and a burst larger than the page is said to be one", async () => {
    const since = `since=${times[29]}`;
    expect(await page(`${since}&per_page=15`)).toMatchObject({ sequences: newest(45, 31), truncated: false });
    expect(await page(`${since}&per_page=14`)).toMatchObject({ sequences: newest(45, 32), truncated: true });
    expect(await page(`${since}&per_page=14&page=2`)).toMatchObject({ sequences: [31], truncated: false });
    expect((await page(`${since}&event_type=third`)).pagination).toMatchObject({ total: 5 });
  });

  it.each([
    "page=0",
    "page=-1",
    "page=x",
    "page=1.5",
    "page=10000001",
    "per_page=0",
    "per_page=101",
    "per_page=",
    "since=soon",
    `event_type=${"t".repeat(101)}`,
    "event_type=A",
    "total=maybe",
  ])("?%s is 400, never clamped", async (query) => {
    const { status, body } = await fixture.get<{ code: string; detail: string }>(
      `/api/v2/sessions/${sessionId}/events?${query}`,
    );
    expect([status, body.code]).toEqual([400, "invalid_query"]);
    expect(body.detail).toContain(query.split("=")[0]);
  });
});

describe("GET /api/sessions/{id}/timeline", () => {
  it("gives a bare list in order, 500 at most unless more are asked for, and never more than 1,000", async () => {
    const long = await fixture.makeSession();
    for (const _round of upTo(11)) await fixture.append(long, some(100));
    const list = async (query: string) => {
      const { status, body } = await fixture.get<object[]>(`/api/sessions/${long}/timeline${query}`);
      expect(status).toBe(200);
      return body;
    };
    expect(await list("?limit=1")).toEqual([
      { eventType: "tick", createdAt: expect.any(String), metadata: {} },
    ]);
    expect(await list("")).toHaveLength(500);
    expect(await list("?limit=1000")).toHaveLength(1_000);
    expect(await list("?limit=1001")).toHaveLength(1_000);
    expect(await list("?limit=999999999")).toHaveLength(1_000);
  });

  it.each(["limit=0", "limit=-1", "limit=x", "limit="])("?%s is 400", async (query) => {
    const { status } = await fixture.get(`/api/sessions/${sessionId}/timeline?${query}`);
    expect(status).toBe(400);
  });
});
