import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { turnBody } from "../support/turn-body.ts";
import { orgHeader, problem, unknownId, useTimeline } from "./timeline-fixture.ts";

const fixture = useTimeline();
const org = randomUUID();
let id = "";

beforeAll(async () => {
  const [turn] = await fixture.ingest(turnBody({ org, envelope: { name: "kept" } }));
  id = turn?.sessionId ?? "";
});

async function patch(path: string, body: string, contentType: string | undefined = "application/json") {
  const response = await fixture.app.request(path, {
    method: "PATCH",
    headers: { ...orgHeader(org), "content-type": contentType },
    body,
  });
  return { status: response.status, body: (await response.json()) as { detail: string; code: string } };
}

describe("PATCH /v1/sessions/{id}", () => {
  it.each([
    ["nothing", {}],
    ["a number", { displayName: 1 }],
    ["a list", { displayName: ["x"] }],
    ["no characters", { displayName: "" }],
    ["white space", { displayName: " \t\n\u00a0" }],
    ["201 characters", { displayName: "x".repeat(201) }],
    ["a NUL", { displayName: "a\0b" }],
    ["half of a surrogate pair", { displayName: "\ud83d" }],
  ])("refuses %s and names the field", async (_name, body) => {
    const answer = await patch(`/v1/sessions/${id}`, JSON.stringify(body));
    expect(answer.body).toMatchObject(problem(400, "invalid_query"));
    expect(answer.body.detail).toMatch(/^displayName: /);
  });

  it.each(["", "{", "[]", "null", '"x"'])("refuses a body that is no object: %s", async (body) => {
    const answer = await patch(`/v1/sessions/${id}`, body);
    expect(answer.body).toMatchObject(problem(400, "invalid_query"));
    expect(answer.body.detail).toMatch(/^body: /);
  });

  it("refuses a body that is not declared as JSON, and one that is too large", async () => {
    const body = JSON.stringify({ displayName: "x" });
    expect((await patch(`/v1/sessions/${id}`, body, "text/plain")).status).toBe(400);
    const large = JSON.stringify({ displayName: "x", more: "y".repeat(64 * 1024) });
    expect((await patch(`/v1/sessions/${id}`, large)).body).toMatchObject(problem(413, "payload_too_large"));
  });

  it("answers 404 for a session that nobody has and 400 for an id that is none", async () => {
    const body = JSON.stringify({ displayName: "x" });
    expect((await patch(`/v1/sessions/${unknownId()}`, body)).body).toMatchObject(problem(404, "not_found"));
    expect((await patch("/v1/sessions/1", body)).body).toMatchObject(problem(400, "invalid_query"));
  });

  it("changes nothing when it refuses", async () => {
    expect((await fixture.get(`/v1/sessions/${id}`, org)).body).toMatchObject({ displayTitle: "kept" });
  });
});

describe("DELETE /v1/sessions/{id}", () => {
  it("answers 404 for a session that nobody has and 400 for an id that is none", async () => {
    for (const [path, status] of [
      [unknownId(), 404],
      ["1", 400],
    ] as const) {
      const response = await fixture.app.request(`/v1/sessions/${path}`, {
        method: "DELETE",
        headers: orgHeader(org),
      });
      expect(response.status).toBe(status);
    }
  });
});
