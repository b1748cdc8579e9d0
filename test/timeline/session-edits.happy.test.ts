import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { checkInvariants } from "../support/snapshot.ts";
import { turnBody } from "../support/turn-body.ts";
import { orgHeader, type SessionPage, useTimeline } from "./timeline-fixture.ts";

const fixture = useTimeline();

async function rename(org: string, id: string, body: unknown) {
  const response = await fixture.app.request(`/v1/sessions/${id}`, {
    method: "PATCH",
    headers: { ...orgHeader(org), "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const remove = (org: string, id: string) =>
  fixture.app.request(`/v1/sessions/${id}`, { method: "DELETE", headers: orgHeader(org) });

describe("PATCH /v1/sessions/{id}", () => {
  it("names a session, answers it, and null takes the name away", async () => {
    const org = randomUUID();
    const [turn] = await fixture.ingest(turnBody({ org, envelope: { name: "Harness's" } }));
    const id = turn?.sessionId ?? "";
    const named = await rename(org, id, { displayName: "  Die Spinne 🕷 \n", ignored: 1 });
    expect(named).toMatchObject({
      status: 200,
      body: {
        id,
        displayName: "Die Spinne 🕷",
        displayTitle: "Die Spinne 🕷",
        name: "Harness's",
        parent: null,
      },
    });
    expect((await fixture.get(`/v1/sessions/${id}`, org)).body).toEqual(named.body);
    const { body } = await fixture.get<SessionPage>("/v1/sessions", org);
    expect(body.items[0]).toMatchObject({ displayTitle: "Die Spinne 🕷" });
    expect(await rename(org, id, { displayName: null })).toMatchObject({
      status: 200,
      body: { displayName: null, displayTitle: "Harness's" },
    });
  });

  it("takes names of 1 and of 200 characters, counted as people do", async () => {
    const org = randomUUID();
    const [turn] = await fixture.ingest(turnBody({ org }));
    for (const displayName of ["x", "🕷".repeat(200)]) {
      expect(await rename(org, turn?.sessionId ?? "", { displayName })).toMatchObject({
        status: 200,
        body: { displayName, displayTitle: displayName },
      });
    }
  });

  it("a later turn leaves the name alone", async () => {
    const org = randomUUID();
    const [turn] = await fixture.ingest(turnBody({ org }));
    await rename(org, turn?.sessionId ?? "", { displayName: "Mine" });
    await fixture.ingest(turnBody({ org, answer: "two", envelope: { name: "Its" } }));
    const { body } = await fixture.get(`/v1/sessions/${turn?.sessionId}`, org);
    expect(body).toMatchObject({ displayTitle: "Mine", name: "Its", turnCount: 2 });
  });
});

describe("DELETE /v1/sessions/{id}", () => {
  it("answers 204 without a body, and then every route of the session is 404", async () => {
    const org = randomUUID();
    const [turn] = await fixture.ingest(turnBody({ org }));
    const id = turn?.sessionId ?? "";
    const answer = await remove(org, id);
    expect([answer.status, await answer.text()]).toEqual([204, ""]);
    for (const path of ["", "/tree", "/turns", `/turns/${turn?.turnId}`, "/timeline"]) {
      expect((await fixture.get(`/v1/sessions/${id}${path}`, org)).status, path).toBe(404);
    }
    expect((await fixture.get(`/api/v2/sessions/${id}/events`, org)).status).toBe(404);
    expect((await fixture.get(`/api/sessions/${id}/timeline`, org)).status).toBe(404);
    expect((await rename(org, id, { displayName: "x" })).status).toBe(404);
    expect((await remove(org, id)).status).toBe(404);
    await checkInvariants(fixture.sql, org);
  });

  it("the session comes back with its next turn; its timeline goes on after the tombstones", async () => {
    const org = randomUUID();
    const [turn] = await fixture.ingest(turnBody({ org, envelope: { cwd: "/secret" } }));
    await remove(org, turn?.sessionId ?? "");
    await fixture.ingest(turnBody({ org, answer: "again" }));
    const session = await fixture.get(`/v1/sessions/${turn?.sessionId}`, org);
    expect(session.body).toMatchObject({ cwd: null, turnCount: 1, latestSequence: 8, status: "active" });
    const timeline = await fixture.get<{
      events: { sequence: number; eventType: string; metadata: object }[];
    }>(`/v1/sessions/${turn?.sessionId}/timeline`, org);
    expect(timeline.body.events.map((event) => event.sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    for (const event of timeline.body.events.slice(0, 4)) {
      expect(event).toMatchObject({ eventType: "redacted", metadata: {} });
    }
    expect(timeline.body.events[4]).toMatchObject({ eventType: "session_created" });
  });

  it("its children stay, and say of their parent that it is deleted", async () => {
    const org = randomUUID();
    const [parent] = await fixture.ingest(turnBody({ org, session: "parent" }));
    const [child] = await fixture.ingest(
      turnBody({ org, session: "child", envelope: { parent_harness_session_id: "parent" } }),
    );
    const before = await fixture.get(`/v1/sessions/${child?.sessionId}`, org);
    expect(before.body).toMatchObject({
      childCount: 0,
      parent: {
        id: parent?.sessionId,
        harnessId: "claude",
        harnessSessionId: "parent",
        displayTitle: "parent",
        status: "active",
      },
    });
    expect((await fixture.get(`/v1/sessions/${parent?.sessionId}`, org)).body).toMatchObject({
      childCount: 1,
    });
    await remove(org, parent?.sessionId ?? "");
    const after = await fixture.get(`/v1/sessions/${child?.sessionId}`, org);
    expect(after.body).toMatchObject({ parent: { id: parent?.sessionId, status: "deleted" }, turnCount: 1 });
    const listed = await fixture.get<SessionPage>(`/v1/sessions?parent_id=${parent?.sessionId}`, org);
    expect(listed.body.items.map((item) => item.id)).toEqual([child?.sessionId]);
  });
});
