/**
 * On partitioned tables, whatever concerns one org looks at that org's parts alone, and by an index: read from the plans as they
 * were executed, of the product's own statements.
 */
import { prepareEvents } from "@turnpike/domain/prepare/prepare-events";
import { createPostgresStore } from "@turnpike/store/ingest/postgres-store";
import { createReadQueries } from "@turnpike/store/read/read-queries";
import { v7 as uuidv7 } from "uuid";
import { beforeAll, describe, expect, it } from "vitest";
import { deadLetter, useDeadLetters } from "../support/dead-letter.ts";
import { partitionDatabase } from "../support/partition-database.ts";
import { logPlans, readScans, type TableScan } from "../support/plan-log.ts";
import { prepare } from "../support/prepare.ts";
import { growing } from "../support/read-catalog.ts";
import { useStore } from "../support/store-fixture.ts";
import { conversation, turnBody } from "../support/turn-body.ts";
import { useEditor } from "../support/use-editor.ts";

const PARTITIONS = 8;
// A statement that is prepared may be planned once for all after five times.
const TIMES = 7;

const fixture = useStore();
const letters = useDeadLetters(fixture);
const editor = useEditor(fixture);
// In a part with two of the others: so few that the planner hesitates between indexes.
const org = "00000000-0000-4000-9000-000000000001";

/** Enough that reading a part whole costs more than looking up what is asked for. */
async function fillOtherOrgs(): Promise<void> {
  await fixture.sql.unsafe(`
    CREATE TABLE other AS SELECT ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid AS org_id FROM generate_series(1, 40) i;
    INSERT INTO sessions (org_id, id, harness_id, harness_session_id, latest_sequence)
      SELECT org_id, gen_random_uuid(), 'h', gen_random_uuid(), 4 FROM other, generate_series(1, 400);
    INSERT INTO nodes (org_id, hash, parent_hash, session_id, role, content, provider, model)
      SELECT org_id, md5(org_id::text || i), md5(org_id::text || i - 1), org_id, 'user', '[]', 'p', 'm'
      FROM other, generate_series(1, 1000) i;
    INSERT INTO receipts (org_id, receipt, outcome) SELECT org_id, gen_random_uuid(), 'stored' FROM other, generate_series(1, 1000);
    INSERT INTO runs (org_id, session_id, id) SELECT org_id, id, 'run' FROM sessions;
    INSERT INTO session_events (org_id, session_id, sequence, id, event_type, created_at, metadata)
      SELECT org_id, s.id, i, i, 'step', now(), '{}' FROM sessions s, generate_series(1, 4) i;
    INSERT INTO turns (org_id, id, session_id, receipt, root_hash, head_hash, chain_length, provider, model, first_sequence,
                       last_sequence, created_at)
      SELECT org_id, gen_random_uuid(), s.id, gen_random_uuid(), 'r', i, 2, 'p', 'm', i, i, now()
      FROM sessions s, generate_series(1, 4) i;
    DROP TABLE other`);
}

async function write(): Promise<void> {
  const store = createPostgresStore({ url: fixture.url, maxConnections: 1 });
  const envelope = { parent_harness_session_id: "session-1" };
  const bodies = conversation({ org, turns: TIMES, forkAt: 3 });
  for (const [index, body] of bodies.entries()) {
    const child = turnBody({ org, session: `child-${index % 2}`, answer: String(index), envelope });
    // The turn before once more, under a receipt of its own.
    await store.ingestTurns([body, child, bodies[index - 1] ?? body].map((one) => prepare(one)));
    const session = {
      harness_id: "claude",
      harness_session_id: "session-1",
      parent_harness_session_id: "child-0",
    };
    const events = [{ id: `step ${index}`, type: "step", run_id: `run ${index}` }];
    await store.ingestEvents(
      prepareEvents({ receipt: uuidv7(), orgId: org, body: JSON.stringify({ session, events }) }),
    );
    const { nodes, facts } = prepare(turnBody({ org, answer: `loose ${index}` }));
    for (const node of nodes) {
      await store.putNode({ ...node, orgId: org, provider: "p", agentName: undefined, response: undefined });
    }
    await store.putReceipt({ orgId: org, receipt: uuidv7(), headHash: facts.headHash });
  }
  await store.close();
}

async function read(): Promise<void> {
  const reader = createReadQueries({ url: fixture.url, maxConnections: 1 });
  const [row] = await fixture.sql<{ session: string; turn: string; head: string; receipt: string }[]>`
    SELECT session_id AS session, id AS turn, head_hash AS head, receipt FROM turns WHERE org_id = ${org}
    ORDER BY chain_length DESC LIMIT 1`;
  if (row === undefined) throw new Error("nothing was written");
  const many = await fixture.sql<{ orgId: string; sessionId: string }[]>`
    SELECT org_id AS "orgId", id AS "sessionId" FROM sessions WHERE org_id = ${org}`;
  const watched = Array.from({ length: 500 }, (_unused, index) => many[index % many.length]).filter(
    (session) => session !== undefined,
  );
  for (let time = 0; time < TIMES; time += 1) {
    await reader.readEvents(org, row.session, { limit: 5, after: 3 });
    await reader.readEvents(org, row.session, { limit: 5, order: "desc", eventTypes: ["step"] });
    await reader.readEvents(org, row.session, { limit: 5, since: "2020-01-01T00:00:00Z" });
    await reader.readNumberedPage(org, row.session, { page: 2, perPage: 2, eventType: "step", counts: true });
    await reader.readLatest(watched);
    for (const sort of ["last_seen_at", "total_tokens"] as const) {
      await reader.listSessions(org, { sort, order: "desc", limit: 2, model: "claude-sonnet-4-5" });
    }
    await reader.getSession(org, row.session);
    await reader.getLatestSequence(org, row.session);
    await reader.listTurns(org, row.session, { after: 0, limit: 5 });
    await reader.getTurn(org, row.session, row.turn);
    await reader.getTree(org, row.session);
    await reader.getNode(org, row.head);
    await reader.listAncestry(org, row.head, { limit: 5 });
    await reader.readStats(org, { since: "2020-01-01T00:00:00Z", until: "2100-01-01T00:00:00Z" });
    await reader.findReceipt(org, row.receipt);
  }
  await reader.close(1);
}

async function lookAfter(): Promise<void> {
  for (let letter = 0; letter < 200; letter += 1) await letters().put(deadLetter({ orgId: org }));
  await fixture.sql`ANALYZE dead_letters`;
  const isQueued = () => Promise.resolve(false);
  for (let time = 0; time < TIMES; time += 1) {
    const { items } = await letters().list({ limit: 200, state: "dead" });
    await letters().list({ orgId: org, limit: 5 });
    await letters().survey({});
    await letters().tidy();
    await letters().readLedgerCounts(items);
    const receipt = items[time]?.receipt ?? "";
    await letters().replay({ isQueued, replay: () => Promise.resolve() }, { orgId: org, receipt });
  }
  const sessions = await fixture.sql<{ id: string }[]>`SELECT id FROM sessions WHERE org_id = ${org}`;
  for (const { id } of sessions) {
    await editor().renameSession(org, id, "mine");
    await editor().deleteSession(org, id);
  }
}

describe("on partitioned tables", () => {
  let home = "";
  let scans: readonly TableScan[] = [];

  beforeAll(async () => {
    await fillOtherOrgs();
    await partitionDatabase(fixture.url, PARTITIONS);
    await logPlans(fixture.sql);
    await write();
    await read();
    await lookAfter();
    const [row] = await fixture.sql<{ part: string }[]>`
      SELECT DISTINCT substring(tableoid::regclass::text FROM '_p\\d+$') AS part FROM sessions WHERE org_id = ${org}`;
    home = row?.part ?? "";
    const parts = new RegExp(`^(${growing.join("|")})(_p\\d+)?$`);
    scans = (await readScans(fixture.sql)).filter(({ table }) => parts.test(table));
  });

  it("writing, reading, deleting and accounting for one org look at its parts alone", () => {
    const elsewhere = scans.filter(({ table }) => !table.endsWith(home));
    expect(elsewhere).toEqual([]);
    // They were seen at all: each table, and these statements.
    expect(new Set(scans.map(({ table }) => table))).toEqual(
      new Set(growing.map((table) => `${table}${home}`)),
    );
    for (const text of [
      "search (step, low, high, middle)",
      "FOR NO KEY UPDATE",
      "UPDATE nodes n",
      "UPDATE sessions s SET",
      "redacted:",
      "DELETE FROM nodes n",
      '"latestSequence", e.*',
      "AS latest",
    ]) {
      expect(
        scans.filter((scan) => scan.text.includes(text)),
        text,
      ).not.toEqual([]);
    }
  });

  it("and by an index", () => {
    expect(scans.filter(({ kind }) => !kind.startsWith("Index"))).toEqual([]);
  });
});
