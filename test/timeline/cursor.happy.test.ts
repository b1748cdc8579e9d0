import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { some, upTo, useEvents } from "./events-fixture.ts";

interface Page {
  readonly events: readonly {
    readonly sequence: number;
    readonly createdAt: string;
    readonly eventType: string;
  }[];
  readonly latestSequence: number;
  readonly nextAfter: number;
  readonly hasMore: boolean;
}

const fixture = useEvents();
const longType = "t".repeat(100);
let path = "";
let since = "";

beforeAll(async () => {
  const sessionId = await fixture.makeSession();
  path = `/v1/sessions/${sessionId}/timeline`;
  const stored = await fixture.append(
    sessionId,
    upTo(20).map((index) => ({
      eventType: index === 13 ? longType : index % 2 === 0 ? "even" : "odd",
      ...(index % 5 === 0 ? { runId: "fifth" } : {}),
    })),
  );
  since = stored[9]?.createdAt ?? "";
});

async function page(query: string): Promise<Page & { sequences: number[] }> {
  const { status, body } = await fixture.get<Page>(`${path}?${query}`);
  expect(status).toBe(200);
  return { ...body, sequences: body.events.map((event) => event.sequence) };
}

describe("GET /v1/sessions/{id}/timeline, by cursor", () => {
  it.each<[string, number[], boolean, number]>([
    ["", upTo(20), false, 20],
    ["limit=3", [1, 2, 3], true, 3],
    ["after=0&limit=3", [1, 2, 3], true, 3],
    ["after=17", [18, 19, 20], false, 20],
    ["after=17&limit=3", [18, 19, 20], false, 20],
    ["after=20", [], false, 20],
    ["after=1000", [], false, 1_000],
    ["before=4", [1, 2, 3], false, 3],
    ["before=11&limit=3", [8, 9, 10], true, 10],
    ["before=11&limit=3&order=desc", [10, 9, 8], true, 10],
    ["before=11&after=4&limit=3", [5, 6, 7], true, 7],
    ["before=0", [], false, 0],
    ["before=1", [], false, 0],
    ["before=1000&limit=2", [19, 20], true, 20],
    ["order=desc&limit=2", [20, 19], true, 20],
    ["order=desc&after=18", [20, 19], false, 20],
    ["event_type=even&limit=2", [2, 4], true, 4],
    ["event_type=even&after=18", [20], false, 20],
    ["event_type=even&event_type=odd&after=17", [18, 19, 20], false, 20],
    ["event_type=unheard_of", [], false, 20],
    ["run_id=fifth", [5, 10, 15, 20], false, 20],
    ["run_id=fifth&event_type=even", [10, 20], false, 20],
    ["run_id=nobody", [], false, 20],
    ["wait_timeout_ms=0&after=20", [], false, 20],
    ["wait_timeout_ms=30000&after=19", [20], false, 20],
  ])("?%s", async (query, sequences, hasMore, nextAfter) => {
    expect(await page(query)).toMatchObject({ sequences, hasMore, nextAfter, latestSequence: 20 });
  });

  it("since is exclusive, to the microsecond, and the future is empty", async () => {
    const at = (time: string) => `since=${encodeURIComponent(time)}`;
    expect((await page(at(since))).sequences).toEqual(upTo(20).slice(10));
    expect((await page(`${at(since)}&limit=2`)).sequences).toEqual([11, 12]);
    expect((await page(at("2999-01-01T00:00:00+02:00"))).sequences).toEqual([]);
    expect((await page(at("0001-01-01T00:00:00Z"))).sequences).toEqual(upTo(20));
    expect((await page(at("2026-01-01T00:00:00+23:59"))).sequences).toEqual(upTo(20));
  });

  it("an event type of 100 characters is one", async () => {
    expect((await page(`event_type=${longType}`)).sequences).toEqual([13]);
  });

  it("a page can be walked back from the end", async () => {
    const seen: number[] = [];
    for (let before = 21, hasMore = true; hasMore;) {
      const next = await page(`before=${before}&limit=6&order=desc`);
      seen.push(...next.sequences);
      before = next.sequences.at(-1) ?? 0;
      hasMore = next.hasMore;
    }
    expect(seen).toEqual(upTo(20).toReversed());
  });

  it("of an empty session is empty", async () => {
    const empty = await fixture.makeSession();
    const { body } = await fixture.get<Page>(`/v1/sessions/${empty}/timeline`);
    expect(body).toMatchObject({ events: [], latestSequence: 0, nextAfter: 0, hasMore: false });
  });
});

describe("GET /v1/sessions/{id}/timeline, by cursor: refusals", () => {
  it.each([
    ["before=-1", "before"],
    ["before=x", "before"],
    ["order=up", "order"],
    [`event_type=${"t".repeat(101)}`, "event_type"],
    ["event_type=Upper", "event_type"],
    ["event_type=with-dash", "event_type"],
    ["event_type=", "event_type"],
    ["event_type=ok&event_type=NOT", "event_type"],
    ["run_id=", "run_id"],
    ["run_id=a%00b", "run_id"],
    [`run_id=${"r".repeat(201)}`, "run_id"],
    ["since=yesterday", "since"],
    ["since=2026-01-01", "since"],
    ["since=2026-13-01T00:00:00Z", "since"],
    ["since=0000-01-01T00:00:00Z", "since"],
    ["since=2026-02-30T00:00:00Z", "since"],
    ["wait_timeout_ms=-1", "wait_timeout_ms"],
    ["wait_timeout_ms=30001", "wait_timeout_ms"],
    ["wait_timeout_ms=1.5", "wait_timeout_ms"],
  ])("?%s is 400 and names the field", async (query, field) => {
    const { status, body } = await fixture.get<{ code: string; detail: string }>(`${path}?${query}`);
    expect(status).toBe(400);
    expect(body.code).toBe("invalid_query");
    expect(body.detail).toContain(field);
  });

  it.each([
    ["an unknown session", () => randomUUID(), {}],
    ["another org's session", () => path.split("/")[3] as string, { "x-turnpike-org-id": randomUUID() }],
  ])("%s is 404 by every way to read it", async (_name, idOf, headers) => {
    const id = idOf();
    for (const [route, more] of [
      [`/v1/sessions/${id}/timeline`, {}],
      [`/v1/sessions/${id}/timeline?wait_timeout_ms=30000`, {}],
      [`/v1/sessions/${id}/timeline`, { accept: "text/event-stream" }],
      [`/api/v2/sessions/${id}/events`, {}],
      [`/api/sessions/${id}/timeline`, {}],
    ] as const) {
      const { status, body } = await fixture.get<{ code: string }>(route, { ...headers, ...more });
      expect([route, status, body.code]).toEqual([route, 404, "not_found"]);
    }
  });

  it("what is appended meanwhile is not missed by a reader that goes on with nextAfter, filter or not", async () => {
    const sessionId = await fixture.makeSession();
    await fixture.append(sessionId, some(5, "noise"));
    const filtered = `/v1/sessions/${sessionId}/timeline?event_type=signal`;
    const first = await fixture.get<Page>(filtered);
    expect(first.body).toMatchObject({ events: [], nextAfter: 5 });
    await fixture.append(sessionId, [...some(1, "noise"), ...some(1, "signal")]);
    const second = await fixture.get<Page>(`${filtered}&after=${first.body.nextAfter}`);
    expect(second.body.events.map((event) => event.sequence)).toEqual([7]);
  });
});
