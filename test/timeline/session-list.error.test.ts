import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { turnBody } from "../support/turn-body.ts";
import { problem, type SessionPage, useTimeline } from "./timeline-fixture.ts";

const fixture = useTimeline();

describe("GET /v1/sessions", () => {
  it.each([
    ["sort=name", "sort"],
    ["sort=", "sort"],
    ["order=up", "order"],
    ["status=deleted", "status"],
    ["status=active&status=idle", "status"],
    ["parent_id=1", "parent_id"],
    ["since=yesterday", "since"],
    ["since=2026-01-01", "since"],
    ["since=2026-01-01T00:00:00", "since"],
    ["since=2026-02-30T00:00:00Z", "since"],
    ["since=0000-01-01T00:00:00Z", "since"],
    ["since=0001-01-01T00:00:00%2B01:00", "since"],
    ["until=9999-12-31T23:59:59-01:00", "until"],
    [`model=${"m".repeat(4_097)}`, "model"],
    [`auth_subject=${"m".repeat(4_097)}`, "auth_subject"],
    ["cursor=", "cursor"],
    ["cursor=%00", "cursor"],
    ["limit=0", "limit"],
    ["limit=201", "limit"],
    ["limit=-1", "limit"],
    ["limit=1e2", "limit"],
  ])("refuses %s and names the parameter", async (query, name) => {
    const { status, body } = await fixture.get(`/v1/sessions?${query}`);
    expect(status).toBe(400);
    expect(body).toMatchObject(problem(400, "invalid_query"));
    expect(body["detail"]).toMatch(new RegExp(`^${name}: `));
  });

  it.each(["model", "auth_subject"])("finds nothing under a %s that cannot be stored", async (name) => {
    const { status, body } = await fixture.get<SessionPage>(`/v1/sessions?${name}=a%00`);
    expect([status, body.items]).toEqual([200, []]);
  });

  it("takes times with the largest offsets", async () => {
    for (const time of ["2026-01-01T00:00:00%2B23:59", "2026-01-01T00:00:00-23:59"]) {
      expect((await fixture.get(`/v1/sessions?since=${time}`)).status).toBe(200);
    }
  });

  it("refuses a cursor under another sort, order, filter or org, and in another route", async () => {
    const [org, other] = [randomUUID(), randomUUID()];
    await fixture.ingest(turnBody({ org, session: "a" }), turnBody({ org, session: "b" }));
    const { body } = await fixture.get<SessionPage>("/v1/sessions?limit=1&status=active", org);
    const cursor = body.nextCursor;
    expect((await fixture.get(`/v1/sessions?limit=200&status=active&cursor=${cursor}`, org)).status).toBe(
      200,
    );
    for (const query of ["", "status=idle", "status=active&order=asc", "status=active&sort=turn_count"]) {
      const answer = await fixture.get(`/v1/sessions?${query}&cursor=${cursor}`, org);
      expect(answer.body, query).toMatchObject(problem(400, "invalid_query"));
    }
    expect((await fixture.get(`/v1/sessions?status=active&cursor=${cursor}`, other)).status).toBe(400);
    expect((await fixture.get(`/v1/nodes/${"0".repeat(64)}/ancestry?cursor=${cursor}`, org)).status).toBe(
      400,
    );
  });

  it.each([
    ["turn_count", "9".repeat(19)],
    ["turn_count", "-1"],
    ["turn_count", "1; DROP TABLE sessions"],
    ["total_cost_usd", "NaN"],
    ["total_cost_usd", "1e5"],
    ["total_tokens", "0x1"],
    ["started_at", "infinity"],
    ["started_at", "2026-02-30T00:00:00.000000Z"],
  ])("refuses a cursor that was made by hand for %s: %s", async (sort, value) => {
    const org = randomUUID();
    await fixture.ingest(turnBody({ org, session: "a" }), turnBody({ org, session: "b" }));
    const { body } = await fixture.get<SessionPage>(`/v1/sessions?limit=1&sort=${sort}`, org);
    const made = JSON.parse(Buffer.from(body.nextCursor ?? "", "base64url").toString()) as { key: string[] };
    const forged = Buffer.from(JSON.stringify({ ...made, key: [value, made.key[1]] })).toString("base64url");
    const answer = await fixture.get(`/v1/sessions?sort=${sort}&cursor=${forged}`, org);
    expect(answer.body).toMatchObject(problem(400, "invalid_query"));
  });
});
