import { randomUUID } from "node:crypto";
import { encodeCursor } from "@turnpike/store/read/cursor";
import { beforeAll, describe, expect, it } from "vitest";
import { turnBody } from "../support/turn-body.ts";
import { problem, type SessionPage, unknownId, useTimeline } from "./timeline-fixture.ts";

const fixture = useTimeline();
const org = randomUUID();
let cursor = "";

beforeAll(async () => {
  await fixture.ingest(turnBody({ org, session: "a" }), turnBody({ org, session: "b" }));
  const { body } = await fixture.get<SessionPage>("/v1/sessions?limit=1", org);
  cursor = body.nextCursor ?? "";
});

/** The scope of a cursor, which is no secret. */
const scopeOf = (given: string): string =>
  (JSON.parse(Buffer.from(given, "base64url").toString()) as { scope: string }).scope;

describe("GET /v1/sessions", () => {
  it.each([
    ["limit=0", "limit: must be at least 1"],
    ["limit=201", "limit: must be at most 200"],
    ["limit=-5", "limit: must be a whole number"],
    ["limit=many", "limit: must be a whole number"],
  ])("refuses %s, and says why", async (query, detail) => {
    const answer = await fixture.get(`/v1/sessions?${query}`, org);
    expect(answer.body).toMatchObject({ ...problem(400, "invalid_query"), detail });
  });

  it("refuses a cursor under other filters than those it was given under", async () => {
    for (const filter of ["harness_id=claude", "harness_session_id=a"]) {
      const answer = await fixture.get(`/v1/sessions?limit=1&${filter}&cursor=${cursor}`, org);
      expect(answer.body).toMatchObject({
        ...problem(400, "invalid_query"),
        detail: "cursor: belongs to a query with other filters or another sort",
      });
    }
    expect((await fixture.get(`/v1/sessions?limit=7&cursor=${cursor}`, org)).status).toBe(200);
  });

  it.each(["", "x", "null", "e30", "%F0%9F%90%9E", "../../etc"])("refuses the cursor %j", async (garbage) => {
    const answer = await fixture.get(`/v1/sessions?cursor=${garbage}`, org);
    expect(answer.body).toMatchObject({
      ...problem(400, "invalid_query"),
      detail: "cursor: not a cursor of this route",
    });
  });

  it.each<[string, string[]]>([
    ["nothing", []],
    ["a time only", ["2026-11-21T07:10:00.123456Z"]],
    ["no time", ["yesterday", unknownId()]],
    ["a time that Postgres knows and we do not write", ["infinity", unknownId()]],
    ["a day that there is not", ["2026-02-31T07:10:00.123456Z", unknownId()]],
    ["no id", ["2026-11-21T07:10:00.123456Z", "x"]],
    ["what Postgres cannot hold", ["\u0000", "\u0000"]],
    ["too much", ["2026-11-21T07:10:00.123456Z", unknownId(), "more"]],
  ])("refuses a cursor that was made by hand of %s", async (_name, key) => {
    const forged = encodeCursor(scopeOf(cursor), key);
    const answer = await fixture.get(`/v1/sessions?cursor=${forged}`, org);
    expect(answer.body).toMatchObject({
      ...problem(400, "invalid_query"),
      detail: "cursor: not a cursor of this route",
    });
  });

  it.each(["harness_id", "harness_session_id"])(
    "finds nothing under a %s that cannot be stored",
    async (name) => {
      const answer = await fixture.get<SessionPage>(`/v1/sessions?${name}=a%00b`, org);
      expect([answer.status, answer.body.items]).toEqual([200, []]);
    },
  );
});

describe("GET /v1/sessions/{id}", () => {
  it("refuses an id that is no UUID, and knows none that nobody has", async () => {
    expect((await fixture.get("/v1/sessions/x", org)).body).toMatchObject({
      ...problem(400, "invalid_query"),
      detail: "id: is not a valid UUID",
    });
    expect((await fixture.get(`/v1/sessions/${unknownId()}`, org)).body).toMatchObject(
      problem(404, "not_found"),
    );
  });
});

describe("a route that does not exist", () => {
  it("is a problem as well", async () => {
    const answer = await fixture.get("/v1/nothing", org);
    expect(answer.body).toMatchObject({ ...problem(404, "not_found"), detail: "no such route" });
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
  });
});
