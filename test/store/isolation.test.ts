import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { prepare } from "../support/prepare.ts";
import { readSnapshot } from "../support/snapshot.ts";
import { useStore } from "../support/store-fixture.ts";
import { conversation } from "../support/turn-body.ts";

const fixture = useStore();

describe("the same words", () => {
  it("in two sessions of one org: each counts its own turns, the nodes are stored once", async () => {
    const org = randomUUID();
    const bodies = ["left", "right"].flatMap((session) => conversation({ org, session, turns: 5 }));
    await Promise.all(bodies.map((body) => fixture.store.ingestTurns([prepare(body)])));
    const { sessions, nodeHashes, turnHeads } = await readSnapshot(fixture.sql, org);
    expect(sessions.map((session) => session["turn_count"])).toEqual(["5", "5"]);
    expect(sessions[0]?.["total_input_tokens"]).toEqual(sessions[1]?.["total_input_tokens"]);
    expect(nodeHashes).toHaveLength(10);
    expect(turnHeads).toHaveLength(10);
  });

  it("in two orgs: they share nothing", async () => {
    const orgs = [randomUUID(), randomUUID()];
    for (const org of orgs) {
      await fixture.store.ingestTurns(conversation({ org, turns: 4 }).map((body) => prepare(body)));
    }
    const [left, right] = await Promise.all(orgs.map((org) => readSnapshot(fixture.sql, org)));
    expect(left).toEqual(right);
    const shared = await fixture.sql`
      SELECT FROM sessions a JOIN sessions b ON a.id = b.id AND a.org_id = ${orgs[0] as string} AND b.org_id = ${orgs[1] as string}`;
    expect(shared).toHaveLength(0);
    expect(left?.nodeHashes).toHaveLength(8);
  });

  it("in one batch of both orgs: each turn lands in its own", async () => {
    const orgs = [randomUUID(), randomUUID()];
    const turns = orgs.flatMap((org) => conversation({ org, turns: 3 }).map((body) => prepare(body)));
    const results = await fixture.store.ingestTurns(turns);
    expect(results.map((result) => result.outcome)).toEqual(Array(6).fill("stored"));
    const [left, right] = await Promise.all(orgs.map((org) => readSnapshot(fixture.sql, org)));
    expect(left).toEqual(right);
  });
});
