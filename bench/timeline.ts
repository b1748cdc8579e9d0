/**
 * What reading costs: 100 pollers on long sessions, a page at the top against one at the bottom, and a thousand waiters.
 * `npm run bench:timeline` starts all that it needs, and prints tables in Markdown; `-- waiters` measures the waiters only.
 */
import { randomUUID } from "node:crypto";
import { Agent, get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { NIL_UUID } from "@turnpike/domain/turn/envelope";
import { appendEvents } from "@turnpike/store/events/append-events";
import { createWritePool } from "@turnpike/store/connection/write-pool";
import { createWakePublisher } from "@turnpike/wake/publisher";
import postgres, { type Sql } from "postgres";
import { type AppProcess, startApp } from "./support/app-process.ts";
import { describeTimes, quantile } from "./support/quantiles.ts";
import { startServices } from "./support/services.ts";

const SESSIONS = 100;
const EVENTS = 10_000;
const POLLERS = 100;
const POLL_EVERY_MS = 500;
const POLL_FOR_MS = 10_000;
const DEPTH_ROUNDS = 400;
const WAITERS = 1_000;
const WAKE_ROUNDS = 500;
const BROADCAST_ROUNDS = 10;
// The server counts a connection's transactions up to ten seconds late.
const SETTLE_MS = 12_000;
const IDLE_MS = 10_000;

const agent = new Agent({ keepAlive: true, maxSockets: WAITERS + POLLERS });
const out = (line: string): void => void process.stdout.write(`${line}\n`);

const services = await startServices();
const sql = postgres(services.databaseUrl, { max: 2, onnotice: () => {} });
try {
  const sessionIds = await seed(sql);
  const only = process.argv[2];
  for (const redisUrl of [services.redisUrl, undefined]) {
    if (redisUrl === undefined && services.redisUrl === undefined) out("(redis-server is not installed)");
    const timeline = await startApp("timeline", { DATABASE_URL: services.databaseUrl, REDIS_URL: redisUrl });
    out(`\n## ${redisUrl === undefined ? "Wake-ups through Postgres" : "Wake-ups through Redis"}\n`);
    if (redisUrl === services.redisUrl && only !== "waiters") {
      await benchPollers(timeline, sessionIds);
      await benchDepth(timeline, sessionIds);
    }
    await benchWaiters(timeline, redisUrl);
    await timeline.stop();
  }
} finally {
  await sql.end();
  agent.destroy();
  await services.stop();
}

/** Sessions as an ingest would leave them, written in bulk. */
async function seed(db: Sql): Promise<string[]> {
  const ids = Array.from({ length: SESSIONS }, () => randomUUID());
  await db`
    INSERT INTO sessions (org_id, id, harness_id, harness_session_id, turn_count, latest_sequence, latest_event_at)
    SELECT ${NIL_UUID}::uuid, id, 'bench', id::text, ${EVENTS / 5}, ${EVENTS}, now()
    FROM unnest(${ids}::uuid[]) AS id`;
  await db`
    INSERT INTO session_events (org_id, session_id, sequence, id, event_type, created_at, metadata)
    SELECT ${NIL_UUID}::uuid, session, n, session || ':' || n,
           (ARRAY['message_received', 'tool_call_started', 'message_sent', 'turn_completed'])[1 + n % 4],
           now() - interval '1 day' + n * interval '1 second',
           json_build_object('role', 'assistant', 'preview', repeat('lorem ipsum ', 12), 'sizeChars', n)
    FROM unnest(${ids}::uuid[]) AS session, generate_series(1, ${EVENTS}) AS n`;
  await db`VACUUM ANALYZE`;
  return ids;
}

async function benchPollers(timeline: AppProcess, sessionIds: readonly string[]): Promise<void> {
  const since = new Date(Date.now() - 3_600_000).toISOString();
  const routes: readonly (readonly [string, (id: string) => string])[] = [
    ["cursor, at the end", (id) => `/v1/sessions/${id}/timeline?after=${EVENTS - 20}`],
    ["cursor, 100 from the middle", (id) => `/v1/sessions/${id}/timeline?after=5000`],
    ["cursor, newest first", (id) => `/v1/sessions/${id}/timeline?order=desc`],
    ["page number, first page", (id) => `/api/v2/sessions/${id}/events`],
    ["page number, page 400", (id) => `/api/v2/sessions/${id}/events?page=400`],
    ["page number, by type, counted", (id) => `/api/v2/sessions/${id}/events?event_type=turn_completed`],
    [
      "page number, since an hour, not counted",
      (id) => `/api/v2/sessions/${id}/events?since=${since}&total=false`,
    ],
    ["plain list of 500", (id) => `/api/sessions/${id}/timeline`],
    ["one session", (id) => `/v1/sessions/${id}`],
    ["list of sessions", () => "/v1/sessions"],
  ];
  out(`${POLLERS} pollers, each every ${POLL_EVERY_MS} ms, on ${SESSIONS} sessions of ${EVENTS} events:\n`);
  out("| route | requests | p50 / p95 / p99 ms |\n|---|---:|---|");
  for (const [name, pathOf] of routes) {
    const times: number[] = [];
    const end = performance.now() + POLL_FOR_MS;
    await Promise.all(
      Array.from({ length: POLLERS }, async (_unused, poller) => {
        await sleep((poller / POLLERS) * POLL_EVERY_MS);
        while (performance.now() < end) {
          times.push(await timeOf(timeline.url + pathOf(sessionIds[poller % SESSIONS] as string)));
          await sleep(POLL_EVERY_MS);
        }
      }),
    );
    out(`| ${name} | ${times.length} | ${describeTimes(times)} |`);
  }
}

/** Both depths in turn, so that whatever else the machine does falls on both. */
async function benchDepth(timeline: AppProcess, sessionIds: readonly string[]): Promise<void> {
  const top: number[] = [];
  const bottom: number[] = [];
  for (let round = 0; round < DEPTH_ROUNDS; round += 1) {
    const url = `${timeline.url}/v1/sessions/${sessionIds[round % SESSIONS]}/timeline?limit=100`;
    top.push(await timeOf(`${url}&after=0`));
    bottom.push(await timeOf(`${url}&after=${EVENTS - 100}`));
  }
  const ratio = quantile(bottom, 0.5) / quantile(top, 0.5);
  out(
    `\nA page of 100 at depth 0: ${describeTimes(top)} ms; at depth ${EVENTS}: ${describeTimes(bottom)} ms.`,
  );
  out(`Ratio of medians: ${ratio.toFixed(2)}.`);
}

async function benchWaiters(timeline: AppProcess, redisUrl: string | undefined): Promise<void> {
  const pool = createWritePool({ url: services.databaseUrl, maxConnections: 2, name: "bench" });
  const wakes = createWakePublisher({
    redisUrl,
    databaseUrl: services.databaseUrl,
    prefix: "turnpike",
    log: { info() {}, warn() {}, error() {} },
  });
  const append = async (sessionId: string): Promise<number> => {
    const [event] = await appendEvents(pool, NIL_UUID, sessionId, [{ eventType: "tick" }]);
    const committedAt = performance.now();
    wakes.publish([{ orgId: NIL_UUID, sessionId, latestSequence: event?.sequence ?? 0 }]);
    return committedAt;
  };
  const waitFor = async (sessionId: string, after: number): Promise<number> => {
    await timeOf(`${timeline.url}/v1/sessions/${sessionId}/timeline?after=${after}&wait_timeout_ms=30000`);
    return performance.now();
  };
  await benchOneAmongMany(append, waitFor);
  await benchAllAtOnce(append, waitFor);
  await wakes.close();
  await pool.close();
}

type Append = (sessionId: string) => Promise<number>;
type WaitFor = (sessionId: string, after: number) => Promise<number>;

/** Every waiter on a session of its own; events come to one after the other. */
async function benchOneAmongMany(append: Append, waitFor: WaitFor): Promise<void> {
  const ids = await seedEmpty(sql);
  const stop = { isDone: false };
  const arrivals = new Map<string, (at: number) => void>();
  const waiters = ids.map(async (id) => {
    for (let after = 0; !stop.isDone;) {
      const at = await waitFor(id, after);
      const arrived = arrivals.get(id);
      // Without a word for it the time was up.
      if (arrived === undefined) continue;
      after += 1;
      arrivals.delete(id);
      arrived(at);
    }
  });
  await sleep(SETTLE_MS);
  out(`\n${WAITERS} waiters, each on a session of its own, ${await describeIdle()}.`);
  const times: number[] = [];
  for (let round = 0; round < WAKE_ROUNDS; round += 1) {
    const id = ids[(round * 7) % ids.length] as string;
    const arrival = new Promise<number>((resolve) => arrivals.set(id, resolve));
    const committedAt = await append(id);
    times.push((await arrival) - committedAt);
  }
  out(`\nAn event for one of them: from its commit to its waiter's answer ${describeTimes(times)} ms.`);
  stop.isDone = true;
  await Promise.all(ids.map(append));
  await Promise.all(waiters);
}

/** All waiters on one session: what a single event costs at most. */
async function benchAllAtOnce(append: Append, waitFor: WaitFor): Promise<void> {
  const [id = ""] = await seedEmpty(sql);
  const times: number[] = [];
  for (let round = 0; round < BROADCAST_ROUNDS; round += 1) {
    const arrivals = Array.from({ length: WAITERS }, () => waitFor(id, round));
    await sleep(1_500);
    const committedAt = await append(id);
    for (const at of await Promise.all(arrivals)) times.push(at - committedAt);
  }
  out(`\n${WAITERS} waiters on one session, all for the same event: ${describeTimes(times)} ms.`);
}

/** Sessions without events, as many as there are waiters. */
async function seedEmpty(db: Sql): Promise<string[]> {
  const ids = Array.from({ length: WAITERS }, () => randomUUID());
  await db`
    INSERT INTO sessions (org_id, id, harness_id, harness_session_id)
    SELECT ${NIL_UUID}::uuid, id, 'bench', id::text FROM unnest(${ids}::uuid[]) AS id`;
  return ids;
}

/** What the database sees while all wait: connections of the timeline app, and transactions of everybody. */
async function describeIdle(): Promise<string> {
  const count = async (): Promise<number> => {
    await sql`SELECT pg_stat_clear_snapshot()`;
    const [row] = await sql<{ n: string }[]>`
      SELECT xact_commit + xact_rollback AS n FROM pg_stat_database WHERE datname = current_database()`;
    return Number(row?.n);
  };
  const before = await count();
  await sleep(IDLE_MS);
  const after = await count();
  const [row] = await sql<{ n: number }[]>`
    SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name IN ('turnpike-timeline', 'turnpike-wake')`;
  return `idle for ${IDLE_MS / 1_000} s: ${row?.n} connections, ${after - before} transactions in the whole database`;
}

function timeOf(url: string): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, (answer) => {
      answer.resume();
      answer.once("end", () => {
        if (answer.statusCode === 200) resolve(performance.now() - started);
        else reject(new Error(`${url} answered ${answer.statusCode}`));
      });
    });
    request.once("error", reject);
  });
}
