/** Who sees what: every route is bound to the reader's org, and another org's row is like one that does not exist. */
import { randomUUID } from "node:crypto";
import { NIL_UUID } from "@turnpike/domain/turn/envelope";
import { beforeAll, describe, expect, it } from "vitest";
import { prepare } from "../support/prepare.ts";
import { turnBody } from "../support/turn-body.ts";
import { orgHeader, problem, type SessionPage, useTimeline } from "./timeline-fixture.ts";

const fixture = useTimeline();
const [org, otherOrg] = [randomUUID(), randomUUID()];

interface Stored {
  readonly sessionId: string;
  readonly turnId: string;
  readonly receipt: string;
}
let mine: Stored;
let theirs: Stored;
let nobodys: Stored;

async function store(orgId: string): Promise<Stored> {
  const turn = prepare(turnBody({ org: orgId, answer: `the words of ${orgId}` }));
  const [result] = await fixture.store.ingestTurns([turn]);
  return { sessionId: result?.sessionId ?? "", turnId: result?.turnId ?? "", receipt: turn.receipt };
}

beforeAll(async () => {
  mine = await store(org);
  theirs = await store(otherOrg);
  nobodys = await store("");
});

const pathsOf = (stored: Stored): string[] => [
  `/v1/sessions/${stored.sessionId}`,
  `/v1/sessions/${stored.sessionId}/timeline`,
  `/v1/sessions/${stored.sessionId}/turns`,
  `/v1/sessions/${stored.sessionId}/turns/${stored.turnId}`,
  `/v1/receipts/${stored.receipt}`,
];

describe("an org", () => {
  it("reads its own", async () => {
    for (const path of pathsOf(mine)) {
      expect([path, (await fixture.get(path, org)).status]).toEqual([path, 200]);
    }
  });

  it("gets for another org's ids exactly what it gets for ids that nobody has", async () => {
    const unknown = { sessionId: randomUUID(), turnId: randomUUID(), receipt: randomUUID() };
    const [foreign, missing] = [pathsOf(theirs), pathsOf(unknown)];
    for (const [index, path] of foreign.entries()) {
      const answer = await fixture.get(path, org);
      const expected = await fixture.get(missing[index] as string, org);
      expect([path, answer.status]).toEqual([path, 404]);
      expect({ ...answer.body, requestId: "" }).toEqual({ ...expected.body, requestId: "" });
    }
  });

  it("does not reach another org's turn through a session of its own", async () => {
    const answer = await fixture.get(`/v1/sessions/${mine.sessionId}/turns/${theirs.turnId}`, org);
    expect(answer.body).toMatchObject(problem(404, "not_found"));
  });

  it("lists its own sessions only", async () => {
    const { body } = await fixture.get<SessionPage>("/v1/sessions?limit=200", org);
    expect(body.items.map((item) => item.id)).toEqual([mine.sessionId]);
    const filtered = await fixture.get<SessionPage>("/v1/sessions?harness_session_id=session-1", org);
    expect(filtered.body.items.map((item) => item["orgId"])).toEqual([org]);
  });

  it("has the words of its own turns only, though both said them to the same root", async () => {
    const { body } = await fixture.get(`/v1/sessions/${mine.sessionId}/turns/${mine.turnId}`, org);
    expect(JSON.stringify(body)).toContain(`the words of ${org}`);
    expect(JSON.stringify(body)).not.toContain(otherOrg);
  });
});

describe("a reader in open mode", () => {
  it("names its org by header or by org_id, in whichever case", async () => {
    const path = `/v1/sessions/${mine.sessionId}`;
    expect((await fixture.get(`${path}?org_id=${org}`)).status).toBe(200);
    expect((await fixture.get(`${path}?org_id=${org.toUpperCase()}`)).status).toBe(200);
    expect((await fixture.get(path, org.toUpperCase())).status).toBe(200);
  });

  it("is of the header's org when it names two", async () => {
    const path = `/v1/sessions/${mine.sessionId}?org_id=`;
    expect((await fixture.get(path + otherOrg, org)).status).toBe(200);
    expect((await fixture.get(path + org, otherOrg)).status).toBe(404);
  });

  it("that names none is nobody, who sees nobody's", async () => {
    for (const path of pathsOf(nobodys)) {
      expect([path, (await fixture.get(path)).status]).toEqual([path, 200]);
      expect((await fixture.get(path, NIL_UUID)).status).toBe(200);
      expect((await fixture.get(path, org)).status).toBe(404);
    }
    for (const path of pathsOf(mine)) expect((await fixture.get(path)).status).toBe(404);
  });

  it.each(["x", "1", "' OR 1=1 --", `${randomUUID()}x`, "*"])(
    "cannot be of an org called %s",
    async (name) => {
      for (const path of ["/v1/sessions", ...pathsOf(mine)]) {
        const byQuery = await fixture.get(`${path}?org_id=${encodeURIComponent(name)}`);
        const byHeader = await fixture.app.request(path, { headers: orgHeader(name) });
        expect(byQuery.body).toMatchObject({
          ...problem(400, "invalid_query"),
          detail: "org_id: is not a valid UUID",
        });
        expect(byHeader.status).toBe(400);
      }
    },
  );
});
