import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { turnBody } from "../support/turn-body.ts";
import { problem, unknownId, useTimeline } from "./timeline-fixture.ts";

const fixture = useTimeline();
const org = randomUUID();
let sessionId = "";

beforeAll(async () => {
  const [result] = await fixture.ingest(turnBody({ org }));
  sessionId = result?.sessionId ?? "";
});

describe("GET /v1/sessions/{id}/timeline", () => {
  it.each([
    ["limit=0", "limit: must be at least 1"],
    ["limit=1001", "limit: must be at most 1000"],
    ["limit=-1", "limit: must be a whole number"],
    ["limit=1.5", "limit: must be a whole number"],
    ["limit=1e2", "limit: must be a whole number"],
    ["limit=0x10", "limit: must be a whole number"],
    ["limit=ten", "limit: must be a whole number"],
    ["limit=", "limit: must be a whole number"],
    ["limit=%2010", "limit: must be a whole number"],
    ["limit=99999999999999999999", "limit: must be a whole number"],
    ["after=-1", "after: must be a whole number"],
    ["after=1.0", "after: must be a whole number"],
    ["after=x", "after: must be a whole number"],
    ["after=", "after: must be a whole number"],
    ["after=9223372036854775808", "after: must be a whole number"],
  ])("refuses %s, and says why", async (query, detail) => {
    const answer = await fixture.get(`/v1/sessions/${sessionId}/timeline?${query}`, org);
    expect(answer.status).toBe(400);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.body).toMatchObject({ ...problem(400, "invalid_query"), detail });
  });

  it("refuses a parameter that is given twice rather than choosing one", async () => {
    const answer = await fixture.get(`/v1/sessions/${sessionId}/timeline?limit=1&limit=2`, org);
    expect(answer.body).toMatchObject(problem(400, "invalid_query"));
  });

  it("takes the largest and the smallest limit", async () => {
    for (const limit of [1, 1_000]) {
      expect((await fixture.get(`/v1/sessions/${sessionId}/timeline?limit=${limit}`, org)).status).toBe(200);
    }
  });

  it.each(["1", "session-1", "00000000-0000-0000-0000-00000000000", "%00", "null"])(
    "refuses the id %s, which is no UUID",
    async (id) => {
      const answer = await fixture.get(`/v1/sessions/${id}/timeline`, org);
      expect(answer.body).toMatchObject({
        ...problem(400, "invalid_query"),
        detail: "id: is not a valid UUID",
      });
    },
  );

  it("knows no session that nobody has", async () => {
    const answer = await fixture.get(`/v1/sessions/${unknownId()}/timeline`, org);
    expect(answer.body).toMatchObject({ ...problem(404, "not_found"), detail: "no such session" });
  });

  it("is there to be read, and for nothing else", async () => {
    const path = `/v1/sessions/${sessionId}/timeline`;
    for (const method of ["POST", "PUT", "DELETE"]) {
      const response = await fixture.app.request(path, { method });
      expect([method, response.status]).toEqual([method, 405]);
      expect(response.headers.get("allow")).toContain("GET");
    }
  });
});
