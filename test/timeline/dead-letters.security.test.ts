import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { deadLetter } from "../support/dead-letter.ts";
import { orgHeader, problem, useTimeline } from "./timeline-fixture.ts";

const fixture = useTimeline();

async function act(path: "replay" | "discard", orgId: string, body: object, actor = "mallory") {
  const response = await fixture.app.request(`/v1/dead-letters/${path}`, {
    method: "POST",
    headers: { ...orgHeader(orgId), "content-type": "application/json", "x-turnpike-actor": actor },
    body: JSON.stringify(body),
  });
  return (await response.json()) as Record<string, unknown>;
}

describe("another org's dead letter", () => {
  it("is neither seen nor listed, and nothing can be done to it in the name of the own org", async () => {
    const [orgId, other] = [randomUUID(), randomUUID()];
    const letter = deadLetter({ orgId, reason: "secret" });
    await fixture.deadLetters.put(letter);
    const read = await fixture.get(`/v1/dead-letters/${letter.receipt}`, other);
    expect(read.body).toMatchObject(problem(404, "not_found"));
    expect((await fixture.get(`/v1/receipts/${letter.receipt}`, other)).body).toMatchObject(
      problem(404, "not_found"),
    );
    expect((await fixture.get("/v1/dead-letters", other)).body).toEqual({ items: [], nextCursor: null });
    for (const path of ["replay", "discard"] as const) {
      expect(await act(path, other, { receipts: [letter.receipt] })).toMatchObject({
        done: 0,
        skipped: { unknown: 1 },
      });
      expect(await act(path, other, { all: true, dryRun: true })).toMatchObject({ matched: 0, items: [] });
      expect(await act(path, other, { all: true })).toMatchObject({ done: 0 });
    }
    expect(await fixture.deadLetters.find(orgId, letter.receipt)).toMatchObject({
      state: "dead",
      replays: 0,
    });
    expect((await fixture.get("/v1/audit", orgId)).body).toEqual({ items: [], nextCursor: null });
  });
});

describe("an act", () => {
  it("over all orgs is written down as one over all", async () => {
    const orgId = randomUUID();
    await fixture.deadLetters.put(deadLetter({ orgId }));
    expect(await act("discard", randomUUID(), { allOrgs: true, code: "store_rejected" })).toMatchObject({
      stopped: null,
    });
    expect(await fixture.deadLetters.survey({ orgId })).toMatchObject({ byState: { discarded: 1 } });
    const { body } = await fixture.get("/v1/audit");
    expect(body["items"]).toMatchObject([
      { orgId: "00000000-0000-0000-0000-000000000000", details: { filter: { allOrgs: true } } },
    ]);
  });

  it("in a name that is too long, or none, is written down all the same", async () => {
    const orgId = randomUUID();
    for (const actor of ["x".repeat(5_000), " ", "'; DROP TABLE audit_log; --"])
      await act("discard", orgId, { all: true }, actor);
    const { body } = await fixture.get<{ items: { actor: string }[] }>("/v1/audit", orgId);
    expect(body.items.map(({ actor }) => actor)).toEqual([
      "'; DROP TABLE audit_log; --",
      "unknown",
      "x".repeat(200),
    ]);
  });
});
