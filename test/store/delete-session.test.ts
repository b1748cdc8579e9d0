import { randomUUID } from "node:crypto";
import { createWritePool, type WritePool } from "@turnpike/store/connection/write-pool";
import { flushSession } from "@turnpike/store/events/flush-session";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { prepare } from "../support/prepare.ts";
import { checkInvariants, readSnapshot } from "../support/snapshot.ts";
import { useStore } from "../support/store-fixture.ts";
import { conversation, turnBody } from "../support/turn-body.ts";
import { useEditor } from "../support/use-editor.ts";

const fixture = useStore();
const editor = useEditor(fixture);
let pool: WritePool;
let org = "";

beforeAll(() => {
  pool = createWritePool({ url: fixture.url, maxConnections: 2, name: "test" });
});
afterAll(() => pool.close());
beforeEach(() => {
  org = randomUUID();
});

async function ingest(...bodies: readonly string[]): Promise<string> {
  const results = await fixture.store.ingestTurns(bodies.map((body) => prepare(body)));
  return results.at(-1)?.sessionId ?? "";
}

async function remove(sessionId: string): Promise<void> {
  await editor().deleteSession(org, sessionId);
  await checkInvariants(fixture.sql, org);
}

const hashes = async (): Promise<string[]> =>
  (await readSnapshot(fixture.sql, org)).nodeHashes.map((hash) => hash);

async function types(sessionId: string): Promise<string[]> {
  const rows = await fixture.sql<{ event_type: string }[]>`
    SELECT event_type FROM session_events WHERE org_id = ${org} AND session_id = ${sessionId} ORDER BY sequence`;
  return rows.map((row) => row.event_type);
}

async function flush(
  events: readonly { id: string; message?: string; eventType?: string }[],
): Promise<string> {
  const { sessionId } = await pool.transaction((tx) =>
    flushSession(tx, {
      orgId: org,
      session: {
        harnessId: "claude",
        harnessSessionId: "session-1",
        parent: undefined,
        authSubject: "ada",
        harnessVersion: "1",
        cwd: "/src",
        name: "Bugs",
        metadata: { secret: true },
      },
      run: { id: "run-1", metadata: { secret: true } },
      events: events.map((event) => ({ eventType: "session_started", ...event })),
    }),
  );
  return sessionId;
}

describe("deleting a session", () => {
  it("takes its turns, facts, runs and nodes, and keeps its row and the numbers of its events", async () => {
    const id = await ingest(...conversation({ org, turns: 5, forkAt: 3 }));
    await flush([{ id: "a" }]);
    await editor().renameSession(org, id, "Mine");
    const [before] = await fixture.sql`SELECT latest_sequence FROM sessions WHERE org_id = ${org}`;
    await remove(id);
    const [row] = await fixture.sql`SELECT * FROM sessions WHERE org_id = ${org}`;
    expect(row).toMatchObject({
      id,
      harness_session_id: "session-1",
      auth_subject: "",
      harness_version: null,
      cwd: null,
      name: null,
      display_name: null,
      harness_metadata: {},
      turn_count: "0",
      total_input_tokens: "0",
      total_cost_usd: "0.000000000000",
      latest_sequence: before?.["latest_sequence"],
    });
    expect(row?.["deleted_at"]).toBeInstanceOf(Date);
    expect(await hashes()).toEqual([]);
    expect(new Set(await types(id))).toEqual(new Set(["redacted"]));
  });

  it("leaves the nodes that another session's turns hold, whoever brought them first", async () => {
    const first = await ingest(...conversation({ org, session: "first", turns: 6, forkAt: 4 }));
    await ingest(...conversation({ org, session: "second", turns: 4 }));
    await remove(first);
    const alone = randomUUID();
    await fixture.store.ingestTurns(
      conversation({ org: alone, session: "second", turns: 4 }).map((body) => prepare(body)),
    );
    expect(await readSnapshot(fixture.sql, alone)).toMatchObject({ nodeHashes: await hashes() });
  });

  it("leaves a head that another session has too, and takes it with the last of them", async () => {
    const body = (session: string) => turnBody({ org, session });
    const [one, two] = [await ingest(body("one")), await ingest(body("two"))];
    await remove(one);
    expect(await hashes()).toHaveLength(2);
    await remove(two);
    expect(await hashes()).toHaveLength(0);
  });

  it("leaves what also came outside a session, before it or after it", async () => {
    const turn = prepare(turnBody({ org }));
    const put = async () => {
      for (const node of turn.nodes) {
        await fixture.store.putNode({
          ...node,
          orgId: org,
          provider: turn.facts.provider,
          agentName: undefined,
          response: node.hash === turn.facts.headHash ? turn.facts : undefined,
        });
      }
    };
    const id = await ingest(turnBody({ org }), turnBody({ org, answer: "only here" }));
    await put();
    await remove(id);
    expect(await hashes()).toEqual(turn.nodes.map((node) => node.hash).sort());
    await ingest(turnBody({ org }), turnBody({ org, answer: "only here" }));
    await remove(id);
    expect(await hashes()).toHaveLength(2);
  });

  it("takes a chain of 10,000 nodes", async () => {
    const messages = Array.from({ length: 9_999 }, (_unused, index) => ({
      role: index % 2 === 0 ? "user" : "assistant",
      content: `message ${index}`,
    }));
    const short = turnBody({ org, session: "short", messages: messages.slice(0, 5_001) });
    const long = await ingest(turnBody({ org, session: "long", messages }));
    await ingest(short);
    await remove(long);
    expect(await hashes()).toHaveLength(5_002);
  });

  it("leaves other orgs' sessions, and is refused of another org", async () => {
    const id = await ingest(turnBody({ org }));
    const other = randomUUID();
    await fixture.store.ingestTurns([prepare(turnBody({ org: other }))]);
    const before = await readSnapshot(fixture.sql, other);
    await expect(editor().deleteSession(other, id)).rejects.toMatchObject({ code: "not_found" });
    await remove(id);
    await expect(editor().deleteSession(org, id)).rejects.toMatchObject({ code: "not_found" });
    expect(await readSnapshot(fixture.sql, other)).toEqual(before);
  });

  it("happens once, however often it is asked for at once", async () => {
    const id = await ingest(turnBody({ org }));
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => editor().deleteSession(org, id)),
    );
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
  });

  it("erases events that look like tombstones, and those whose ids do", async () => {
    const id = await flush([
      { id: "x", eventType: "redacted", message: "secret" },
      { id: "redacted:1", message: "secret" },
      { id: "redacted:2" },
    ]);
    await remove(id);
    const rows = await fixture.sql`SELECT id FROM session_events WHERE org_id = ${org}`;
    for (const row of rows) expect(row["id"]).toMatch(/^redacted:[0-9a-f-]{36}$/);
    expect(rows).toHaveLength(3);
  });
});

describe("a deleted session", () => {
  it("comes back with a new turn: blank but for it, created again, numbered on", async () => {
    const id = await ingest(turnBody({ org, envelope: { cwd: "/secret", name: "secret" } }));
    await remove(id);
    expect(await ingest(turnBody({ org, inputTokens: 7 }))).toBe(id);
    await checkInvariants(fixture.sql, org);
    const [row] =
      await fixture.sql`SELECT *, started_at = last_seen_at AS is_new FROM sessions WHERE org_id = ${org}`;
    expect(row).toMatchObject({
      deleted_at: null,
      cwd: null,
      name: null,
      turn_count: "1",
      total_input_tokens: "7",
      is_new: true,
    });
    expect(await types(id)).toEqual([
      ...Array(4).fill("redacted"),
      "session_created",
      "message_received",
      "message_sent",
      "turn_completed",
    ]);
    await remove(id);
    expect(new Set(await types(id))).toEqual(new Set(["redacted"]));
  });

  it("keeps its place: its children name it, it names its parent, and says so when it is created again", async () => {
    const child = (session: string, parent: string) =>
      turnBody({ org, session, answer: session, envelope: { parent_harness_session_id: parent } });
    const id = await ingest(turnBody({ org, session: "root" }), child("middle", "root"));
    await ingest(child("leaf", "middle"));
    const [root] =
      await fixture.sql`SELECT id FROM sessions WHERE harness_session_id = 'root' AND org_id = ${org}`;
    await remove(id);
    const links = async () => {
      const rows = await fixture.sql`
        SELECT harness_session_id AS name, parent_session_id AS parent FROM sessions WHERE org_id = ${org}`;
      return Object.fromEntries(rows.map((row) => [row["name"], row["parent"]]));
    };
    expect(await links()).toEqual({ root: null, middle: root?.["id"], leaf: id });
    await ingest(child("middle", "root"));
    const [created] = await fixture.sql`
      SELECT metadata FROM session_events
      WHERE org_id = ${org} AND session_id = ${id} AND event_type = 'session_created'`;
    expect(created?.["metadata"]).toMatchObject({ parentSessionId: root?.["id"] });
  });

  it("is not brought back by a job that runs again, nor are its nodes", async () => {
    const turns = conversation({ org, turns: 4 }).map((body) => prepare(body));
    const first = await fixture.store.ingestTurns(turns);
    await remove(first[0]?.sessionId ?? "");
    expect(await fixture.store.ingestTurns(turns)).toEqual(first);
    expect(await readSnapshot(fixture.sql, org)).toMatchObject({ nodeHashes: [], turnHeads: [] });
    const [row] = await fixture.sql`SELECT deleted_at FROM sessions WHERE org_id = ${org}`;
    expect(row?.["deleted_at"]).not.toBeNull();
  });

  it("comes back with new events, and takes none that are appended by its id", async () => {
    const id = await flush([{ id: "a", message: "secret" }]);
    await remove(id);
    const append = () => editor().renameSession(org, id, "x");
    await expect(append()).rejects.toMatchObject({ code: "not_found" });
    expect(await flush([])).toBe(id);
    await checkInvariants(fixture.sql, org);
    expect(await types(id)).toEqual(["redacted"]);
    await flush([{ id: "b" }]);
    expect(await types(id)).toEqual(["redacted", "session_started"]);
    const [row] = await fixture.sql`SELECT deleted_at, cwd FROM sessions WHERE org_id = ${org}`;
    expect(row).toEqual({ deleted_at: null, cwd: "/src" });
    await checkInvariants(fixture.sql, org);
  });

  it("may be named as a parent, and stays deleted then", async () => {
    const id = await ingest(turnBody({ org, session: "parent" }));
    await remove(id);
    await ingest(turnBody({ org, session: "child", envelope: { parent_harness_session_id: "parent" } }));
    const [row] = await fixture.sql`
      SELECT p.id, p.deleted_at FROM sessions c JOIN sessions p ON p.id = c.parent_session_id AND p.org_id = c.org_id
      WHERE c.org_id = ${org} AND c.harness_session_id = 'child'`;
    expect(row?.["id"]).toBe(id);
    expect(row?.["deleted_at"]).not.toBeNull();
  });
});
