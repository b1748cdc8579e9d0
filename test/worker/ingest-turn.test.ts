import { randomUUID } from "node:crypto";
import { type BodyHistory, createBodyHistory } from "@turnpike/domain/conversation-cache/conversation-cache";
import { NIL_UUID } from "@turnpike/domain/turn/envelope";
import { isAppError } from "@turnpike/domain/errors";
import type { AcceptedTurn, Log, NodeStore, SessionStore, TurnStore } from "@turnpike/domain/ports/ports";
import { prepareTurn } from "@turnpike/domain/prepare/prepare-turn";
import { createMemoryStore } from "@turnpike/store/memory/memory-store";
import { ingestTurn } from "@turnpike/worker/jobs/ingest-turn";
import { v7 as uuidv7 } from "uuid";
import { describe, expect, it } from "vitest";
import { readSnapshot } from "../support/snapshot.ts";
import { useStore } from "../support/store-fixture.ts";
import { turnBody } from "../support/turn-body.ts";

const fixture = useStore();

interface Logged extends Record<string, unknown> {
  readonly message: string;
}

function createLog(): Log & { readonly lines: Logged[] } {
  const lines: Logged[] = [];
  const write = (facts: object, message: string): void => {
    lines.push({ ...facts, message });
  };
  return { lines, info: write, warn: write, error: write };
}

const accept = (body: string, orgId: string = NIL_UUID): AcceptedTurn => ({
  receipt: uuidv7(),
  orgId,
  requestId: "r-1",
  acceptedAt: "2026-11-21T07:10:00.000Z",
  body,
});

function run(
  store: TurnStore,
  turn: AcceptedTurn,
  { log = createLog(), history }: { log?: Log; history?: BodyHistory } = {},
) {
  const woken: object[] = [];
  const wakes = { publish: (news: readonly object[]) => void woken.push(...news) };
  const deps = { store, log, wakes, ...(history === undefined ? {} : { history }) };
  return ingestTurn(deps, turn).then((outcome) => ({ outcome, woken }));
}

const messages = [
  { role: "user", content: "one" },
  { role: "assistant", content: "two" },
  { role: "user", content: "three" },
];

describe("a turn with an envelope, in a store of sessions", () => {
  it("is stored in its session, once, and its readers are woken", async () => {
    const org = randomUUID();
    const turn = accept(turnBody({ org }), org);
    const { outcome, woken } = await run(fixture.store, turn);
    expect(outcome).toBe("stored");
    expect(woken).toEqual([{ orgId: org, sessionId: expect.any(String), latestSequence: 4 }]);
    const again = await run(fixture.store, accept(turnBody({ org }), org));
    expect(again).toEqual({ outcome: "duplicate", woken: [] });
    expect(await readSnapshot(fixture.sql, org)).toMatchObject({ sessions: [{ turn_count: "1" }] });
  });

  it("is filed under the org that it was accepted for, whatever its envelope says", async () => {
    const [org, other] = [randomUUID(), randomUUID()];
    await run(fixture.store, accept(turnBody({ org: other }), org));
    expect((await readSnapshot(fixture.sql, org)).sessions).toHaveLength(1);
    expect((await readSnapshot(fixture.sql, other)).sessions).toEqual([]);
  });
});

describe("a turn without an envelope", () => {
  it("goes node by node into Postgres, and its receipt names the head and no session", async () => {
    const org = randomUUID();
    const turn = accept(turnBody({ envelope: null, messages }), org);
    const { outcome, woken } = await run(fixture.store, turn);
    expect([outcome, woken]).toEqual(["stored_without_session", []]);

    const { facts, nodes } = prepareTurn(turn);
    const stored = await fixture.sql`
      SELECT hash, parent_hash, role, model, input_tokens::int, session_id FROM nodes WHERE org_id = ${org}`;
    const byHash = new Map(stored.map((row) => [row["hash"] as string, { ...row }]));
    expect(nodes.map((node) => byHash.get(node.hash))).toEqual(
      nodes.map((node, index) => ({
        hash: node.hash,
        parent_hash: node.parentHash,
        role: node.role,
        session_id: null,
        // Only the response's own turn knows its model.
        model: index === 3 ? "claude-sonnet-4-5" : null,
        input_tokens: index === 3 ? 100 : null,
      })),
    );
    expect(await fixture.sql`SELECT * FROM receipts WHERE org_id = ${org}`).toMatchObject([
      {
        receipt: turn.receipt,
        outcome: "stored",
        head_hash: facts.headHash,
        session_id: null,
        turn_id: null,
      },
    ]);
    expect(await readSnapshot(fixture.sql, org)).toMatchObject({ sessions: [], turnHeads: [], events: [] });
  });

  it("changes nothing when it is stored again, or beside a session that says the same", async () => {
    const org = randomUUID();
    await run(fixture.store, accept(turnBody({ org, messages }), org));
    const before = await readSnapshot(fixture.sql, org);
    const turn = accept(turnBody({ envelope: null, messages }), org);
    await run(fixture.store, turn);
    await run(fixture.store, turn);
    expect(await readSnapshot(fixture.sql, org)).toEqual(before);
    const receipts = await fixture.sql`SELECT receipt FROM receipts WHERE receipt = ${turn.receipt}`;
    expect(receipts).toHaveLength(1);
  });

  it("becomes part of a session's chain when that comes later", async () => {
    const org = randomUUID();
    await run(fixture.store, accept(turnBody({ envelope: null, messages }), org));
    expect((await run(fixture.store, accept(turnBody({ org, messages }), org))).outcome).toBe("stored");
    expect(await readSnapshot(fixture.sql, org)).toMatchObject({ sessions: [{ turn_count: "1" }] });
  });
});

describe("a turn whose history the worker read before, but that no store has", () => {
  const long = [
    { role: "user", content: "one ".repeat(2_000) },
    { role: "assistant", content: "two 🐞" },
    { role: "user", content: "three" },
  ];
  const acceptBytes = (turn: Parameters<typeof turnBody>[0], org: string) => {
    const body = turnBody(turn);
    return { asBytes: { ...accept("", org), body: Buffer.from(body) }, asText: accept(body, org) };
  };
  const createHistory = () => createBodyHistory({ maxBytes: 2 ** 20 });

  it("brings all of it into a store of sessions", async () => {
    const [org, other] = [randomUUID(), randomUUID()];
    const history = createHistory();
    await run(fixture.store, acceptBytes({ org: other, messages: long.slice(0, 1) }, other).asBytes, {
      history,
    });
    await run(fixture.store, acceptBytes({ org, messages: long }, org).asBytes, { history });
    const { nodes } = prepareTurn(accept(turnBody({ org, messages: long }), org));
    const rows = await fixture.sql<{ hash: string; content: unknown }[]>`
      SELECT hash, content FROM nodes WHERE org_id = ${org}`;
    const stored = new Map(rows.map(({ hash, content }) => [hash, content]));
    expect(nodes.map(({ hash }) => stored.get(hash))).toEqual(nodes.map(({ content }) => content));
  });

  it("brings all of it into a store of nodes only", async () => {
    const history = createHistory();
    await run(createMemoryStore(), acceptBytes({ messages: long.slice(0, 1) }, NIL_UUID).asBytes, {
      history,
    });
    const store = createMemoryStore();
    const { asBytes, asText } = acceptBytes({ messages: long }, NIL_UUID);
    await run(store, asBytes, { history });
    const { nodes } = prepareTurn(asText);
    expect(nodes.map(({ hash }) => store.findNode(NIL_UUID, hash)?.content)).toEqual(
      nodes.map(({ content }) => content),
    );
  });
});

describe("a store of nodes only", () => {
  it("takes a turn with an envelope the same way, without its session", async () => {
    const store = createMemoryStore();
    const turn = accept(turnBody({ messages }));
    expect(await run(store, turn)).toEqual({ outcome: "stored_without_session", woken: [] });
    const { facts, nodes } = prepareTurn(turn);
    expect(store.countNodes()).toBe(4);
    expect(nodes.map((node) => store.findNode(NIL_UUID, node.hash)?.role)).toEqual([
      "user",
      "assistant",
      "user",
      "assistant",
    ]);
    expect(store.findReceipt(NIL_UUID, turn.receipt)?.headHash).toBe(facts.headHash);
  });

  it("completes a node that it knew as history when that node's own turn comes", async () => {
    const store = createMemoryStore();
    await run(store, accept(turnBody({ messages })));
    const first = accept(turnBody({ messages: messages.slice(0, 1), answer: "two", inputTokens: 7 }));
    const { facts } = prepareTurn(first);
    expect(store.findNode(NIL_UUID, facts.headHash)?.response).toBeUndefined();
    await run(store, first);
    expect(store.findNode(NIL_UUID, facts.headHash)?.response).toMatchObject({ inputTokens: 7 });
    expect(store.countNodes()).toBe(4);
  });

  it("is told from a store of sessions by the compiler", () => {
    // Compiled, never called.
    const calls = (store: TurnStore, nodes: NodeStore, sessions: SessionStore): unknown[] => [
      // @ts-expect-error: not every store can.
      store.ingestTurns([]),
      // @ts-expect-error: this one cannot.
      nodes.ingestTurns([]),
      sessions.ingestTurns([]),
      store.capability === "sessions" && store.ingestTurns([]),
      // @ts-expect-error: asked for, and not there.
      store.capability === "nodes" && store.ingestTurns([]),
    ];
    type Renamed = Omit<SessionStore, "ingestTurns"> & { readonly ingestTurn: SessionStore["ingestTurns"] };
    // @ts-expect-error: a store whose method has another name is no store at all.
    const take = (renamed: Renamed): TurnStore => renamed;
    expect([calls, take]).toHaveLength(2);
  });
});

describe("a turn that cannot be stored", () => {
  it.each([
    ["invalid_envelope", "not JSON"],
    ["invalid_envelope", '{"provider":7}'],
    ["unsupported_provider", '{"provider":"acme"}'],
    ["unparsable_request", '{"provider":"openai","request":[]}'],
    ["invalid_response", JSON.stringify({ ...(JSON.parse(turnBody()) as object), response: {} })],
  ])("fails with %s, and nothing is written", async (code, body) => {
    const store = createMemoryStore();
    const log = createLog();
    const turn = accept(body);
    const error = await run(store, turn, { log }).catch((reason: unknown) => reason);
    expect(isAppError(error) && error.code).toBe(code);
    expect(store.countNodes()).toBe(0);
    expect(log.lines).toMatchObject([
      { message: "turn failed", code, receipt: turn.receipt, requestId: "r-1" },
    ]);
  });
});

describe("the log of a turn", () => {
  it("says what became of it under its request's id, and none of its words", async () => {
    const log = createLog();
    const org = randomUUID();
    const body = turnBody({ org, answer: "secret words", envelope: { auth_subject: "secret ada" } });
    const turn = accept(body, org);
    await run(fixture.store, turn, { log });
    expect(log.lines).toMatchObject([
      { message: "turn", outcome: "stored", requestId: "r-1", receipt: turn.receipt, chainLength: 2 },
    ]);
    expect(JSON.stringify(log.lines)).not.toContain("secret");
  });
});
