import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { turnBody } from "../support/turn-body.ts";
import { problem, unknownId, useTimeline } from "./timeline-fixture.ts";

const fixture = useTimeline();
const org = randomUUID();
let [sessionId, turnId, otherSessionId] = ["", "", ""];

beforeAll(async () => {
  const [one, other] = await fixture.ingest(
    turnBody({ org, session: "one" }),
    turnBody({ org, session: "other" }),
  );
  sessionId = one?.sessionId ?? "";
  turnId = one?.turnId ?? "";
  otherSessionId = other?.sessionId ?? "";
});

describe("GET /v1/sessions/{id}/turns", () => {
  it.each([
    ["limit=0", "limit: must be at least 1"],
    ["limit=201", "limit: must be at most 200"],
    ["limit=-1", "limit: must be a whole number"],
    ["limit=x", "limit: must be a whole number"],
    ["after=-1", "after: must be a whole number"],
    ["after=x", "after: must be a whole number"],
  ])("refuses %s, and says why", async (query, detail) => {
    const answer = await fixture.get(`/v1/sessions/${sessionId}/turns?${query}`, org);
    expect(answer.body).toMatchObject({ ...problem(400, "invalid_query"), detail });
  });

  it("is empty past the end, and unknown for a session that nobody has", async () => {
    const past = await fixture.get(`/v1/sessions/${sessionId}/turns?after=${Number.MAX_SAFE_INTEGER}`, org);
    expect([past.status, past.body]).toEqual([200, { items: [], nextAfter: null }]);
    const unknown = await fixture.get(`/v1/sessions/${unknownId()}/turns`, org);
    expect(unknown.body).toMatchObject({ ...problem(404, "not_found"), detail: "no such session" });
  });

  it("refuses an id that is no UUID", async () => {
    const answer = await fixture.get("/v1/sessions/session-1/turns", org);
    expect(answer.body).toMatchObject({
      ...problem(400, "invalid_query"),
      detail: "id: is not a valid UUID",
    });
  });
});

describe("GET /v1/sessions/{id}/turns/{turn_id}", () => {
  it("knows no turn that nobody has, nor one under another session than its own", async () => {
    for (const path of [`${sessionId}/turns/${unknownId()}`, `${otherSessionId}/turns/${turnId}`]) {
      const answer = await fixture.get(`/v1/sessions/${path}`, org);
      expect(answer.body).toMatchObject({
        ...problem(404, "not_found"),
        detail: "no such turn in this session",
      });
    }
    expect((await fixture.get(`/v1/sessions/${sessionId}/turns/${turnId}`, org)).status).toBe(200);
  });

  it("refuses ids that are no UUIDs, and says which", async () => {
    const turn = await fixture.get(`/v1/sessions/${sessionId}/turns/7`, org);
    expect(turn.body).toMatchObject({
      ...problem(400, "invalid_query"),
      detail: "turn_id: is not a valid UUID",
    });
    const session = await fixture.get(`/v1/sessions/7/turns/${turnId}`, org);
    expect(session.body).toMatchObject({ detail: "id: is not a valid UUID" });
  });
});
