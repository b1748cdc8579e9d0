import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { prepare } from "../support/prepare.ts";
import { checkInvariants } from "../support/snapshot.ts";
import { useStore } from "../support/store-fixture.ts";
import { turnBody } from "../support/turn-body.ts";

const fixture = useStore();
let org = "";

beforeEach(() => {
  org = randomUUID();
});

interface Named {
  readonly session: string;
  readonly parent?: string;
  readonly harness?: string;
  readonly parentHarness?: string;
  readonly subject?: string;
}

/** The body of a turn that no other session says. */
function body({ session, parent, harness = "claude", parentHarness, subject }: Named): string {
  return turnBody({
    org,
    session,
    harness,
    answer: `answer of ${harness} ${session}`,
    envelope: {
      ...(parent === undefined ? {} : { parent_harness_session_id: parent }),
      ...(parentHarness === undefined ? {} : { parent_harness_id: parentHarness }),
      ...(subject === undefined ? {} : { auth_subject: subject }),
    },
  });
}

const ingest = (...named: readonly Named[]) =>
  fixture.store.ingestTurns(named.map((one) => prepare(body(one))));

async function lineage(): Promise<Record<string, string | null>> {
  const rows = await fixture.sql<{ child: string; parent: string | null }[]>`
    SELECT s.harness_id || '/' || s.harness_session_id AS child, p.harness_id || '/' || p.harness_session_id AS parent
    FROM sessions s LEFT JOIN sessions p ON p.org_id = s.org_id AND p.id = s.parent_session_id
    WHERE s.org_id = ${org}`;
  await checkInvariants(fixture.sql, org);
  return Object.fromEntries(rows.map((row) => [row.child, row.parent]));
}

async function refusals(): Promise<number> {
  const rows = await fixture.sql`
    SELECT FROM session_events WHERE org_id = ${org} AND event_type = 'parent_link_refused'`;
  return rows.length;
}

describe("lineage", () => {
  it("parent before child", async () => {
    await ingest({ session: "parent" });
    await ingest({ session: "child", parent: "parent" });
    expect(await lineage()).toEqual({ "claude/parent": null, "claude/child": "claude/parent" });
  });

  it("child before parent: the parent's own turn fills the placeholder and keeps its id", async () => {
    await ingest({ session: "child", parent: "parent" });
    const [placeholder] = await fixture.sql`
      SELECT id, turn_count, auth_subject, latest_sequence FROM sessions
      WHERE org_id = ${org} AND harness_session_id = 'parent'`;
    expect(placeholder).toMatchObject({ turn_count: "0", auth_subject: "", latest_sequence: "0" });
    const [result] = await ingest({ session: "parent", subject: "ada" });
    expect(result?.sessionId).toBe(placeholder?.["id"]);
    const [filled] = await fixture.sql`
      SELECT turn_count, auth_subject FROM sessions WHERE org_id = ${org} AND harness_session_id = 'parent'`;
    expect(filled).toMatchObject({ turn_count: "1", auth_subject: "ada" });
    const [created] = await fixture.sql`
      SELECT event_type FROM session_events
      WHERE org_id = ${org} AND session_id = ${placeholder?.["id"]} AND sequence = 1`;
    expect(created).toMatchObject({ event_type: "session_created" });
    expect(await lineage()).toEqual({ "claude/parent": null, "claude/child": "claude/parent" });
  });

  it("a parent under another harness is not the session of the same name under the child's", async () => {
    await ingest({ session: "one", harness: "claude" }, { session: "one", harness: "codex" });
    await ingest({ session: "child", harness: "codex", parent: "one", parentHarness: "claude" });
    expect(await lineage()).toMatchObject({ "codex/child": "claude/one" });
  });

  it("a session that names itself is refused the link; the turn lands and an event says so", async () => {
    const [result] = await ingest({ session: "self", parent: "self" });
    expect(result?.outcome).toBe("stored");
    expect(await lineage()).toEqual({ "claude/self": null });
    expect(await refusals()).toBe(1);
  });

  it("a refused link is told once, however many turns name it", async () => {
    await ingest({ session: "self", parent: "self" });
    await fixture.store.ingestTurns(
      ["two", "three"].map((answer) =>
        prepare(turnBody({ org, session: "self", answer, envelope: { parent_harness_session_id: "self" } })),
      ),
    );
    expect(await refusals()).toBe(1);
    await expect(lineage()).resolves.toEqual({ "claude/self": null });
  });

  it("a cycle of three, one after the other, in one batch, and at once: all turns land, one link is refused", async () => {
    const cycle = (name: string): Named[] => [
      { session: `${name}-a`, parent: `${name}-b` },
      { session: `${name}-b`, parent: `${name}-c` },
      { session: `${name}-c`, parent: `${name}-a` },
    ];
    for (const named of cycle("serial")) await ingest(named);
    expect(await refusals()).toBe(1);
    await ingest(...cycle("batch"));
    expect(await refusals()).toBe(2);
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(cycle(`race-${round}`).map((named) => ingest(named)));
      expect(await refusals()).toBe(3 + round);
    }
    const links = Object.values(await lineage());
    expect(links.filter((parent) => parent !== null)).toHaveLength(22 * 2);
  });

  it("a link that a retry brings later is made, and the retry still counts nothing", async () => {
    await ingest({ session: "child" });
    const [again] = await ingest({ session: "child", parent: "parent" });
    expect(again?.outcome).toBe("duplicate");
    expect(await lineage()).toEqual({ "claude/parent": null, "claude/child": "claude/parent" });
  });

  it("many children that name one missing parent at once make one placeholder", async () => {
    await Promise.all(
      Array.from({ length: 30 }, (_unused, index) => ingest({ session: `child-${index}`, parent: "parent" })),
    );
    expect(Object.keys(await lineage())).toHaveLength(31);
  });
});
