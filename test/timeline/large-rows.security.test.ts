/** Rows of 30 MB, as they may lie in a database from earlier: no route fails on them, and none takes more memory than a page does. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import postgres, { type Sql } from "postgres";
import { bundleOf } from "../support/bundle-of.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { useProcesses } from "../support/spawn.ts";
import { readSwitching } from "../support/switching-reader.ts";
import { upTo } from "./events-fixture.ts";

const EVENTS = 12;
const NODES = 8;
const PAGE_BYTES = 4 * 1024 * 1024;
/** What a page may take beside its budget: names, numbers, the rest of its rows. */
const ANSWER_BYTES = PAGE_BYTES + 1024 * 1024;
/** Of a process that answers such routes one after the other; 14 events of 30 MB took 2.4 GB for one page. */
const MAX_GROWTH = 400_000_000;

const processes = useProcesses();
const [org, session, turn, receipt] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
/** Its events' kinds, runs and hashes are as large. */
const oddSession = randomUUID();
let database: TestDatabase;
let sql: Sql;
let url = "";
let pid = 0;

const hash = (place: number): string => place.toString(16).padStart(64, "0");
const residentBytes = (): number => {
  const [, kilobytes = "0"] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) * 1_000;
};

/** Text of 30 MB; on disk `plain` is as large, `flat` takes 350 kB. */
const flat = "repeat('x', 30000000)";
const plain = "(SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 937500))";

async function seed(): Promise<void> {
  await sql.unsafe(`
    CREATE TEMPORARY TABLE large AS SELECT ${flat} AS flat, ${plain} AS plain;
    INSERT INTO sessions (org_id, id, harness_id, harness_session_id, cwd, name, harness_metadata, latest_sequence, turn_count)
    SELECT '${org}', CASE WHEN n = 1 THEN '${session}' ELSE '${oddSession}' END::uuid, 'h', n::text, flat, flat,
           jsonb_build_object('v', flat), ${EVENTS}, 1
    FROM generate_series(1, 2) n, large;
    UPDATE sessions SET parent_session_id = '${session}' WHERE org_id = '${org}' AND id <> '${session}';
    INSERT INTO turns (org_id, id, session_id, receipt, root_hash, head_hash, chain_length, provider, model, extra,
                       first_sequence, last_sequence, created_at)
    SELECT '${org}', CASE WHEN n = 1 THEN '${turn}'::uuid ELSE gen_random_uuid() END, '${session}', gen_random_uuid(),
           '${hash(1)}', CASE WHEN n = 1 THEN '${hash(NODES)}' ELSE lpad(to_hex(n), 64, '0') END,
           CASE WHEN n = 1 THEN ${NODES} ELSE n END, 'anthropic', flat, json_build_object('v', flat), n, n, now()
    FROM generate_series(1, 2) n, large;
    INSERT INTO dead_letters (org_id, receipt, job_name, code, reason, attempts, first_failed_at, last_failed_at, job, job_bytes)
    SELECT '${org}', CASE WHEN n = 1 THEN '${receipt}'::uuid ELSE gen_random_uuid() END, 'j', 'internal', flat, 1, now(), now(),
           convert_to(flat, 'UTF8'), 30000000
    FROM generate_series(1, 2) n, large;
    INSERT INTO audit_log (org_id, id, actor, action, details)
    SELECT '${org}', gen_random_uuid(), 'a', 'a', jsonb_build_object('v', flat) FROM generate_series(1, 2) n, large;
    INSERT INTO session_events (org_id, session_id, sequence, id, event_type, created_at, metadata, message)
    SELECT '${org}', '${session}', n, n::text, 'tick', '2026-01-01'::timestamptz + n * interval '1 s',
           CASE WHEN n % 4 = 0 THEN json_build_object('n', n) ELSE json_build_object('v', flat) END, CASE WHEN n % 5 = 0 THEN flat END
    FROM generate_series(1, ${EVENTS}) n, large WHERE n % 4 IN (0, 1);
    INSERT INTO nodes (org_id, hash, parent_hash, session_id, role, content, provider, model)
    SELECT '${org}', lpad(to_hex(n), 64, '0'), CASE WHEN n > 1 THEN lpad(to_hex(n - 1), 64, '0') END, '${session}', 'user',
           json_build_array(json_build_object('type', 'text', 'text', CASE n % 4 WHEN 0 THEN 'short' WHEN 3 THEN left(plain, 3000000) ELSE flat END)),
           'anthropic', CASE WHEN n = 1 THEN flat END
    FROM generate_series(1, ${NODES}) n, large WHERE n <> 2;
    ALTER TABLE session_events ALTER metadata SET STORAGE EXTERNAL;
    ALTER TABLE session_events ALTER message SET STORAGE EXTERNAL;
    ALTER TABLE nodes ALTER content SET STORAGE EXTERNAL;
    INSERT INTO session_events (org_id, session_id, sequence, id, event_type, created_at, metadata, message)
    SELECT '${org}', '${session}', n, n::text, 'tick', '2026-01-01'::timestamptz + n * interval '1 s',
           json_build_object('v', CASE WHEN n % 4 = 2 THEN plain ELSE left(plain, 3000000) END), CASE WHEN n % 5 = 0 THEN plain END
    FROM generate_series(1, ${EVENTS}) n, large WHERE n % 4 IN (2, 3);
    INSERT INTO nodes (org_id, hash, parent_hash, session_id, role, content, provider)
    SELECT '${org}', '${hash(2)}', '${hash(1)}', '${session}', 'user',
           json_build_array(json_build_object('type', 'text', 'text', plain)), 'anthropic'
    FROM large;
    INSERT INTO session_events (org_id, session_id, sequence, id, event_type, created_at, metadata, run_id, node_hash)
    SELECT '${org}', '${oddSession}', n, n::text, CASE WHEN n = 2 THEN 'tick' ELSE flat END, '2026-01-01'::timestamptz + n * interval '1 s',
           json_build_object('n', n), flat, flat
    FROM generate_series(1, ${EVENTS}) n, large`);
}

beforeAll(async () => {
  database = await createTestDatabase();
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
  await seed();
  const timeline = processes.start(bundleOf("timeline"), {
    env: {
      DATABASE_URL: database.url,
      REDIS_URL: undefined,
      QUEUE_PREFIX: "large-rows",
      PORT: "0",
      HOST: "127.0.0.1",
      LOG_LEVEL: "info",
    },
  });
  [, url = ""] = await timeline.waitForLine(/"url":"(http:[^"]+)"/);
  pid = timeline.pid;
}, 180_000);
afterAll(async () => {
  await sql.end();
  await database.drop();
});

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function get(path: string): Promise<Answer> {
  const answer = await fetch(url + path, { headers: { "x-turnpike-org-id": org } });
  return { status: answer.status, text: await answer.text() };
}

async function read<T>(path: string): Promise<T> {
  const { status, text } = await get(path);
  expect([path, status]).toEqual([path, 200]);
  expect(Buffer.byteLength(text)).toBeLessThan(ANSWER_BYTES);
  return JSON.parse(text) as T;
}

interface Item {
  readonly truncated?: Readonly<Record<string, number>>;
}
interface Event extends Item {
  readonly sequence: number;
  readonly metadata: { readonly n?: number; readonly v?: string };
}

describe("rows of 30 MB", () => {
  it("fail on no route, and no page is larger than its budget", async () => {
    const before = residentBytes();
    const timeline = `/v1/sessions/${session}/timeline`;
    for (const path of [
      "/v1/sessions?limit=200",
      "/v1/sessions?limit=1",
      `/v1/sessions?parent_id=${session}`,
      `/v1/sessions/${session}`,
      `/v1/sessions/${session}/tree`,
      `/v1/sessions/${session}/turns?limit=200`,
      `${timeline}?limit=1000`,
      `${timeline}?limit=1000&order=desc`,
      `${timeline}?before=15&limit=1000`,
      `${timeline}?after=0&wait_timeout_ms=100`,
      `/api/v2/sessions/${session}/events?per_page=100`,
      `/api/v2/sessions/${session}/events?per_page=3&event_type=tick`,
      `/api/sessions/${session}/timeline`,
      `/v1/nodes/${hash(NODES)}/ancestry?limit=1000`,
      "/v1/stats",
      "/v1/dead-letters?limit=200",
      `/v1/dead-letters/${receipt}`,
      `/v1/receipts/${receipt}`,
      "/v1/audit?limit=200",
      "/v1/ledger",
    ]) {
      await read(path);
    }
    expect(residentBytes() - before).toBeLessThan(MAX_GROWTH);
  });

  it("come to a follower once each, whichever way it reads", async () => {
    const path = `${url}/v1/sessions/${session}/timeline?org_id=${org}`;
    let state = 11;
    const random = (): number => (state = (state * 1_103_515_245 + 12_345) & 0x7fffffff) / 0x7fffffff;
    let looks = 0;
    const { events } = await readSwitching(path, random, () => (looks += 1) > 20);
    expect(events.map(({ sequence }) => sequence)).toEqual(upTo(EVENTS));
  }, 60_000);

  it("are marked in a timeline, and what has room is whole", async () => {
    const seen: Event[] = [];
    for (let after = 0, hasMore = true; hasMore;) {
      const page = await read<{ events: Event[]; nextAfter: number; hasMore: boolean }>(
        `/v1/sessions/${session}/timeline?limit=1000&after=${after}`,
      );
      seen.push(...page.events);
      ({ nextAfter: after, hasMore } = page);
    }
    expect(seen.map(({ sequence }) => sequence)).toEqual(upTo(EVENTS));
    for (const { sequence, metadata, truncated } of seen) {
      const isLarge = sequence % 4 === 1 || sequence % 4 === 2;
      const names = [...(isLarge ? ["metadata"] : []), ...(sequence % 5 === 0 ? ["message"] : [])];
      expect([sequence, Object.keys(truncated ?? {})]).toEqual([sequence, names]);
      const length = sequence % 4 === 3 ? 3_000_000 : undefined;
      expect([metadata.n, metadata.v?.length]).toEqual([sequence % 4 === 0 ? sequence : undefined, length]);
    }
  });

  it("stay on the page that has their number, and in the plain list", async () => {
    const numbered: number[] = [];
    for (const page of upTo(4)) {
      const { items } = await read<{ items: (Item & { sequence: number; event_data: object })[] }>(
        `/api/v2/sessions/${session}/events?per_page=3&page=${page}`,
      );
      expect(items.length).toBe(3);
      numbered.push(...items.map(({ sequence }) => sequence));
      for (const { sequence, event_data, truncated } of items) {
        expect([sequence, Object.keys(event_data).length]).toEqual([
          sequence,
          truncated?.["event_data"] === undefined ? 1 : 0,
        ]);
      }
    }
    expect(numbered).toEqual(upTo(EVENTS).toReversed());
    const plain = await read<(Item & { metadata: object })[]>(`/api/sessions/${session}/timeline`);
    expect(plain.map(({ metadata }) => Object.keys(metadata).length)).toEqual(
      plain.map(({ truncated }) => (truncated === undefined ? 1 : 0)),
    );
    expect(plain.length).toBe(EVENTS);
  });

  it("whose kinds, runs and hashes are as large are cut and marked, on each way to read them", async () => {
    const LONG = 30_000_000;
    const timeline = await read<{ events: (Event & { eventType: string; runId: string })[] }>(
      `/v1/sessions/${oddSession}/timeline?limit=1000`,
    );
    expect(timeline.events.map(({ sequence }) => sequence)).toEqual(upTo(EVENTS));
    for (const { sequence, eventType, runId, truncated, metadata } of timeline.events) {
      const isShort = sequence === 2;
      expect([eventType.length, runId.length, metadata.n]).toEqual([isShort ? 4 : 250, 250, sequence]);
      expect(truncated).toEqual({ ...(isShort ? {} : { eventType: LONG }), runId: LONG, nodeHash: LONG });
    }
    const { items } = await read<{ items: (Item & { event_type: string })[] }>(
      `/api/v2/sessions/${oddSession}/events?per_page=100`,
    );
    expect(items.map(({ truncated }) => truncated)).toEqual(
      items.map(({ event_type }) => (event_type === "tick" ? undefined : { event_type: LONG })),
    );
    const plain = await read<(Item & { eventType: string })[]>(`/api/sessions/${oddSession}/timeline`);
    expect(plain.map(({ truncated }) => truncated)).toEqual(
      plain.map(({ eventType }) => (eventType === "tick" ? undefined : { eventType: LONG })),
    );
    expect([items.length, plain.length]).toEqual([EVENTS, EVENTS]);
    let looks = 0;
    const oddUrl = `${url}/v1/sessions/${oddSession}/timeline?org_id=${org}`;
    const { events } = await readSwitching(oddUrl, Math.random, () => (looks += 1) > 10);
    expect(events.map(({ sequence }) => sequence)).toEqual(upTo(EVENTS));
  }, 60_000);

  it("are marked in lists, whose cursors give every row once", async () => {
    const sessions = await read<{ items: (Item & { name: string })[]; nextCursor: null }>("/v1/sessions");
    expect([sessions.items.length, sessions.nextCursor]).toEqual([2, null]);
    for (const { name, truncated } of sessions.items) {
      expect(name.length).toBe(1_000);
      expect(truncated).toMatchObject({
        name: 30_000_000,
        cwd: 30_000_000,
        harnessMetadata: expect.any(Number),
      });
    }
    const turns = await read<{ items: Item[] }>(`/v1/sessions/${session}/turns`);
    expect(turns.items.length).toBe(2);
    for (const { truncated } of turns.items) {
      expect(truncated).toMatchObject({ model: 30_000_000, extra: expect.any(Number) });
    }
    const seen: (Item & { hash: string; content: object[] })[] = [];
    for (let cursor: string | null = ""; cursor !== null;) {
      const page: { items: typeof seen; nextCursor: string | null } = await read(
        `/v1/nodes/${hash(NODES)}/ancestry${cursor === "" ? "" : `?cursor=${cursor}`}`,
      );
      seen.push(...page.items);
      cursor = page.nextCursor;
    }
    expect(seen.map((node) => node.hash)).toEqual(upTo(NODES).map(hash));
    expect(seen.map((node) => node.content.length)).toEqual(
      upTo(NODES).map((n) => (n % 4 === 0 || n % 4 === 3 ? 1 : 0)),
    );
  });

  it("are whole as a node, and in their turn, which is written piece by piece", async () => {
    const before = residentBytes();
    const node = await get(`/v1/nodes/${hash(1)}`);
    const { content, truncated } = JSON.parse(node.text) as Item & { content: { text: string }[] };
    expect([node.status, content[0]?.text === "x".repeat(30_000_000)]).toEqual([200, true]);
    expect(truncated).toEqual({ model: 30_000_000 });
    const answer = await fetch(`${url}/v1/sessions/${session}/turns/${turn}`, {
      headers: { "x-turnpike-org-id": org },
    });
    expect(answer.status).toBe(200);
    const digits = new TextDecoder();
    let [bytes, tail] = [0, ""];
    for await (const chunk of answer.body as ReadableStream<Uint8Array>) {
      bytes += chunk.byteLength;
      tail = (tail + digits.decode(chunk, { stream: true })).slice(-2);
    }
    expect(bytes).toBeGreaterThan(4 * 30_000_000);
    expect(tail).toBe("]}");
    expect(residentBytes() - before).toBeLessThan(MAX_GROWTH);
  }, 120_000);

  it("asked for by many at once do not add up", async () => {
    const before = residentBytes();
    const paths = upTo(40).map((index) =>
      index % 4 === 0
        ? `/v1/sessions/${session}/timeline?limit=1000&after=2`
        : index % 4 === 1
          ? `/v1/nodes/${hash(1 + (index % 3))}`
          : index % 4 === 2
            ? `/api/v2/sessions/${session}/events?per_page=100`
            : `/v1/dead-letters/${receipt}`,
    );
    let peak = 0;
    const timer = setInterval(() => (peak = Math.max(peak, residentBytes())), 20);
    const statuses = await Promise.all(
      paths.map(async (path) => {
        const answer = await fetch(url + path, { headers: { "x-turnpike-org-id": org } });
        for await (const _chunk of answer.body as ReadableStream<Uint8Array>);
        return answer.status;
      }),
    );
    clearInterval(timer);
    expect(statuses).toEqual(paths.map(() => 200));
    expect(peak - before).toBeLessThan(2 * MAX_GROWTH);
  }, 120_000);
});
