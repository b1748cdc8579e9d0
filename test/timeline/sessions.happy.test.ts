import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { turnBody } from "../support/turn-body.ts";
import { type SessionPage, useTimeline } from "./timeline-fixture.ts";

const fixture = useTimeline();

async function fill(org: string, names: readonly string[], harness = "claude"): Promise<void> {
  for (const session of names) await fixture.ingest(turnBody({ org, session, harness }));
}

async function walk(org: string, query: string, limit: number): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | null | undefined;
  for (let page = 0; cursor !== null; page += 1) {
    expect(page, "the walk ends").toBeLessThan(100);
    const from: string = cursor === undefined ? "" : `&cursor=${cursor}`;
    const path = `/v1/sessions?limit=${limit}${query}${from}`;
    const { status, body } = await fixture.get<SessionPage>(path, org);
    expect(status).toBe(200);
    expect(body.items.length).toBeLessThanOrEqual(limit);
    names.push(...body.items.map((item) => item.harnessSessionId));
    cursor = body.nextCursor;
  }
  return names;
}

const namesUpTo = (count: number): string[] =>
  Array.from({ length: count }, (_unused, index) => `session-${index + 1}`);

describe("GET /v1/sessions", () => {
  it("lists sessions, the last seen first, with their counters", async () => {
    const org = randomUUID();
    await fill(org, ["a", "b"]);
    await fixture.ingest(
      turnBody({
        org,
        session: "a",
        answer: "again",
        inputTokens: 1_000,
        outputTokens: 100,
        envelope: {
          name: "Fix the bug",
          cwd: "/src",
          auth_subject: "ada",
          harness_metadata: { k: [1, null] },
        },
      }),
    );
    const { body } = await fixture.get<SessionPage>("/v1/sessions", org);
    expect(body.nextCursor).toBeNull();
    expect(body.items.map((item) => item.harnessSessionId)).toEqual(["a", "b"]);
    expect(body.items[0]).toMatchObject({
      orgId: org,
      harnessId: "claude",
      displayTitle: "Fix the bug",
      status: "active",
      authSubject: "ada",
      cwd: "/src",
      harnessMetadata: { k: [1, null] },
      parentSessionId: null,
      turnCount: 2,
      totalInputTokens: 1_100,
      totalOutputTokens: 110,
      // 1,100 x 3 + 110 x 15 micro-dollars
      totalCostUsd: 0.00495,
      latestSequence: 7,
    });
    expect(body.items[1]).toMatchObject({ displayTitle: "b", turnCount: 1, name: null, cwd: null });
  });

  it("is empty for an org that has none", async () => {
    const { status, body } = await fixture.get<SessionPage>("/v1/sessions", randomUUID());
    expect([status, body]).toEqual([200, { items: [], nextCursor: null }]);
  });

  it.each([1, 2, 3, 7, 8, 200])("walked in pages of %i shows each session once", async (limit) => {
    const org = randomUUID();
    const names = namesUpTo(7);
    await fill(org, names);
    expect(await walk(org, "", limit)).toEqual(names.toReversed());
  });

  it("shows sessions that were seen at the very same time once each, across pages", async () => {
    const org = randomUUID();
    const names = namesUpTo(9);
    await fill(org, names);
    await fixture.sql`UPDATE sessions SET last_seen_at = '2026-11-21T07:10:00.123456Z' WHERE org_id = ${org}`;
    expect((await walk(org, "", 2)).toSorted()).toEqual(names);
  });

  it("filters by harness and by the harness's own id, alone and together, page by page", async () => {
    const org = randomUUID();
    await fill(org, namesUpTo(5));
    await fill(org, namesUpTo(3), "codex");
    expect(await walk(org, "&harness_id=codex", 2)).toEqual(["session-3", "session-2", "session-1"]);
    expect(await walk(org, "&harness_session_id=session-2", 1)).toEqual(["session-2", "session-2"]);
    expect(await walk(org, "&harness_id=claude&harness_session_id=session-2", 1)).toEqual(["session-2"]);
    expect(await walk(org, "&harness_id=codex&harness_session_id=session-5", 1)).toEqual([]);
    expect(await walk(org, "&harness_id=CODEX", 1)).toEqual([]);
  });

  it("finds a session whose id is made of characters that mean something elsewhere", async () => {
    const org = randomUUID();
    const name = `%_'";--&?#=+ \\ 🐞 שלום`;
    await fill(org, [name, "other"]);
    expect(await walk(org, `&harness_session_id=${encodeURIComponent(name)}`, 1)).toEqual([name]);
    expect(await walk(org, "&harness_session_id=%25", 1)).toEqual([]);
  });

  it("shows each session that is not written to meanwhile exactly once, and no other twice", async () => {
    const org = randomUUID();
    const names = namesUpTo(30);
    await fill(org, names);
    const moved = new Set(names.filter((_name, index) => index % 3 === 0));
    const write = async (): Promise<void> => {
      for (const session of [...moved, "new-1", "new-2"]) {
        await fixture.ingest(turnBody({ org, session, answer: "meanwhile" }));
      }
    };
    const [seen] = await Promise.all([walk(org, "", 2), write()]);
    expect(seen).toHaveLength(new Set(seen).size);
    expect(seen).toEqual(expect.arrayContaining(names.filter((name) => !moved.has(name))));
  });
});

describe("GET /v1/sessions/{id}", () => {
  it("shows one session, as the list does, with the number of its children", async () => {
    const org = randomUUID();
    const envelope = { parent_harness_session_id: "parent" };
    const [child] = await fixture.ingest(
      turnBody({ org, session: "child-1", envelope }),
      turnBody({ org, session: "child-2", envelope }),
    );
    const { body } = await fixture.get(`/v1/sessions/${child?.sessionId}`, org);
    expect(body).toMatchObject({ harnessSessionId: "child-1", childCount: 0, turnCount: 1 });
    const parent = await fixture.get(`/v1/sessions/${String(body["parentSessionId"])}`, org);
    expect(parent.body).toMatchObject({
      harnessSessionId: "parent",
      childCount: 2,
      turnCount: 0,
      status: "placeholder",
      latestSequence: 0,
    });
    const list = await fixture.get<SessionPage>("/v1/sessions?harness_session_id=child-1", org);
    expect(body).toMatchObject(list.body.items[0] ?? {});
  });

  it("is idle when its last turn is half an hour old", async () => {
    const org = randomUUID();
    const [turn] = await fixture.ingest(turnBody({ org }));
    await fixture.sql`UPDATE sessions SET last_seen_at = now() - interval '31 minutes' WHERE org_id = ${org}`;
    const { body } = await fixture.get(`/v1/sessions/${turn?.sessionId}`, org);
    expect(body["status"]).toBe("idle");
  });
});
