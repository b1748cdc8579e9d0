import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { turnBody } from "../support/turn-body.ts";
import { orgHeader, problem, unknownId, useTimeline } from "./timeline-fixture.ts";

const fixture = useTimeline();

interface Item {
  readonly id: string;
  readonly parentId: string | null;
  readonly depth: number;
  readonly status: string;
  readonly harnessSessionId?: string;
}

interface Tree {
  readonly ancestors: readonly Item[];
  readonly session: Item;
  readonly descendants: readonly Item[];
  readonly truncated: boolean;
}

/** Ingest sessions, each under its parent, one after the other. */
async function grow(
  org: string,
  links: Readonly<Record<string, string | null>>,
): Promise<Record<string, string>> {
  const ids: Record<string, string> = {};
  for (const [session, parent] of Object.entries(links)) {
    const envelope = parent === null ? {} : { parent_harness_session_id: parent };
    const [turn] = await fixture.ingest(turnBody({ org, session, answer: session, envelope }));
    ids[session] = turn?.sessionId ?? "";
  }
  return ids;
}

const treeOf = async (org: string, id: string | undefined): Promise<Tree> =>
  (await fixture.get<Tree>(`/v1/sessions/${id}/tree`, org)).body;

const drawn = (items: readonly Item[]): string[] =>
  items.map((item) => `${item.depth} ${item.harnessSessionId ?? item.status}`);

describe("GET /v1/sessions/{id}/tree", () => {
  it("gives ancestors root first and descendants as they are drawn", async () => {
    const org = randomUUID();
    const ids = await grow(org, { root: null, a: "root", b: "a", c: "b", d: "b", e: "a", f: "c", x: "root" });
    const tree = await treeOf(org, ids["a"]);
    expect(drawn(tree.ancestors)).toEqual(["-1 root"]);
    expect(drawn(tree.descendants)).toEqual(["1 b", "2 c", "3 f", "2 d", "1 e"]);
    expect(tree.session).toMatchObject({
      id: ids["a"],
      parentId: ids["root"],
      depth: 0,
      status: "active",
      harnessId: "claude",
      displayTitle: "a",
      turnCount: 1,
    });
    expect(tree.truncated).toBe(false);
    expect(drawn((await treeOf(org, ids["f"])).ancestors)).toEqual(["-4 root", "-3 a", "-2 b", "-1 c"]);
    for (const item of tree.descendants.slice(1)) {
      expect([ids["a"], ...tree.descendants.map(({ id }) => id)]).toContain(item.parentId);
    }
  });

  it("shows of deleted sessions nothing but their place", async () => {
    const org = randomUUID();
    const ids = await grow(org, { root: null, middle: "root", leaf: "middle" });
    await fixture.app.request(`/v1/sessions/${ids["middle"]}`, { method: "DELETE", headers: orgHeader(org) });
    const place = { id: ids["middle"], parentId: ids["root"], status: "deleted" };
    expect((await treeOf(org, ids["leaf"])).ancestors[1]).toEqual({ ...place, depth: -1 });
    const tree = await treeOf(org, ids["root"]);
    expect(tree.descendants[0]).toEqual({ ...place, depth: 1 });
    expect(drawn(tree.descendants)).toEqual(["1 deleted", "2 leaf"]);
  });

  it("a refused cycle is no part of it", async () => {
    const org = randomUUID();
    const ids = await grow(org, { a: "b", b: "a", self: "self" });
    expect(drawn((await treeOf(org, ids["a"])).ancestors)).toEqual(["-1 b"]);
    expect((await treeOf(org, ids["b"])).ancestors).toEqual([]);
    expect(await treeOf(org, ids["self"])).toMatchObject({ ancestors: [], descendants: [] });
  });

  it("ends at 1,000 on either side, the nearest first, and says so", async () => {
    const org = randomUUID();
    const chain = async (count: number) => {
      const ids = Array.from({ length: count }, () => randomUUID());
      await fixture.sql`
        INSERT INTO sessions (org_id, id, harness_id, harness_session_id, parent_session_id)
        SELECT ${org}, id, 'h', id::text, parent
        FROM unnest(${ids}::uuid[], ${[null, ...ids.slice(0, -1)]}::uuid[]) AS t (id, parent)`;
      return ids;
    };
    const exact = await chain(1_001);
    const full = await treeOf(org, exact[0]);
    expect([full.descendants.length, full.truncated]).toEqual([1_000, false]);
    expect(full.descendants.at(-1)).toMatchObject({ id: exact.at(-1), depth: 1_000 });

    const deep = await chain(2_500);
    const tree = await treeOf(org, deep[1_200]);
    expect([tree.ancestors.length, tree.descendants.length, tree.truncated]).toEqual([1_000, 1_000, true]);
    expect(tree.ancestors[0]).toMatchObject({ id: deep[200], depth: -1_000 });
    expect(tree.descendants.at(-1)).toMatchObject({ id: deep[2_200], depth: 1_000 });

    const wide = randomUUID();
    await fixture.sql`
      INSERT INTO sessions (org_id, id, harness_id, harness_session_id, parent_session_id)
      SELECT ${org}, CASE WHEN i = 0 THEN ${wide}::uuid ELSE gen_random_uuid() END, 'wide', i::text,
             CASE WHEN i > 0 THEN ${wide}::uuid END FROM generate_series(0, 5000) i`;
    expect(await treeOf(org, wide)).toMatchObject({ truncated: true, session: { status: "placeholder" } });
  });

  it("answers 404 for a session that nobody has and 400 for an id that is none", async () => {
    const unknown = await fixture.get(`/v1/sessions/${unknownId()}/tree`);
    expect(unknown.body).toMatchObject(problem(404, "not_found"));
    expect((await fixture.get("/v1/sessions/1/tree")).body).toMatchObject(problem(400, "invalid_query"));
  });
});
