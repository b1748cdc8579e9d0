/** The work in the database per turn does not grow with the history. */
import { randomUUID } from "node:crypto";
import { createPostgresStore, type PostgresStore } from "@turnpike/store/ingest/postgres-store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createStatementCutter, type StatementCutter } from "../support/cut-after.ts";
import { prepare } from "../support/prepare.ts";
import { useStore } from "../support/store-fixture.ts";
import { turnBody, type TestMessage } from "../support/turn-body.ts";

const fixture = useStore();
let counter: StatementCutter;
let store: PostgresStore;

beforeAll(async () => {
  counter = await createStatementCutter(fixture.url);
  store = createPostgresStore({ url: counter.url, maxConnections: 1 });
});

afterAll(async () => {
  await store.close();
  await counter.close();
});

function history(length: number): TestMessage[] {
  return Array.from({ length }, (_unused, index) => ({
    role: index % 2 === 0 ? "user" : "assistant",
    content: `message ${index}`,
  }));
}

async function statementsOf(body: string): Promise<readonly string[]> {
  counter.cutAt(undefined);
  const [result] = await store.ingestTurns([prepare(body)]);
  expect(result?.outcome).toBe("stored");
  return counter.texts();
}

type Counts = Record<string, number>;

async function rowsInserted(run: () => Promise<unknown>): Promise<Counts> {
  const before = await countRows();
  await run();
  const after = await countRows();
  return Object.fromEntries(
    Object.entries(after).map(([table, count]) => [table, count - (before[table] ?? 0)]),
  );
}

async function countRows(): Promise<Counts> {
  const [row] = await fixture.sql<Counts[]>`
    SELECT (SELECT count(*) FROM sessions)::int AS sessions, (SELECT count(*) FROM nodes)::int AS nodes,
           (SELECT count(*) FROM turns)::int AS turns, (SELECT count(*) FROM session_events)::int AS events,
           (SELECT count(*) FROM receipts)::int AS receipts`;
  return { ...row };
}

describe("the cost of a turn", () => {
  it("a turn with 4 messages and one with 400 take the same statements", async () => {
    const short = await statementsOf(turnBody({ org: randomUUID(), messages: history(3) }));
    const long = await statementsOf(turnBody({ org: randomUUID(), messages: history(399) }));
    expect(long).toEqual(short);
  });

  it("the next turn of a session takes the same statements at message 4 and at message 400", async () => {
    const [short, long] = await Promise.all(
      [3, 399].map(async (length) => {
        const org = randomUUID();
        await fixture.store.ingestTurns([prepare(turnBody({ org, messages: history(length - 2) }))]);
        return { org, body: turnBody({ org, messages: history(length), answer: "next" }) };
      }),
    );
    const shortStatements = await statementsOf(short?.body ?? "");
    expect(await statementsOf(long?.body ?? "")).toEqual(shortStatements);
  });

  it("a re-sent history inserts only its new nodes", async () => {
    const org = randomUUID();
    await store.ingestTurns([prepare(turnBody({ org, messages: history(399) }))]);
    const messages = [
      ...history(399),
      { role: "assistant", content: "hi" },
      { role: "user", content: "more" },
    ];
    // The response that was stored reads as history what it was as a response: only two messages are new.
    const inserted = await rowsInserted(() =>
      store.ingestTurns([prepare(turnBody({ org, messages, answer: "new" }))]),
    );
    expect(inserted).toEqual({ sessions: 0, nodes: 2, turns: 1, events: 3, receipts: 1 });
  });

  it("a chain of 10,000 messages is stored, and its next turn finds all of it", async () => {
    const org = randomUUID();
    const [result] = await store.ingestTurns([prepare(turnBody({ org, messages: history(9_999) }))]);
    expect(result?.outcome).toBe("stored");
    const inserted = await rowsInserted(() =>
      store.ingestTurns([prepare(turnBody({ org, messages: history(9_999), answer: "again" }))]),
    );
    expect(inserted).toMatchObject({ nodes: 1, turns: 1 });
  });
});
