/**
 * What hash partitions cost: the same turns are stored in plain and in partitioned tables of one server, round by round, by the
 * store alone (no HTTP, no queue), and some statements are planned. `npx tsx bench/partitions.ts [rounds] [partitions …]`
 */
import { randomUUID } from "node:crypto";
import { prepareTurn } from "@turnpike/domain/prepare/prepare-turn";
import type { PreparedSessionTurn } from "@turnpike/domain/prepare/prepared-turn";
import { migrate } from "@turnpike/store/connection/migrate";
import { createPostgresStore } from "@turnpike/store/ingest/postgres-store";
import postgres from "postgres";
import { v7 as uuidv7 } from "uuid";
import { partitionDatabase } from "../test/support/partition-database.ts";
import { writeBodies } from "./ingest/bodies.ts";
import { quantile } from "./support/quantiles.ts";
import { readCpuSeconds } from "./support/read-process.ts";
import { startServices } from "./support/services.ts";

const TURNS = 20;
const SESSIONS = 60;
const ORGS = 12;
// A turn alone, as an idle worker stores it; and as many as a busy one stores together.
const BATCHES = [1, 27];
const PLANS = 200;

const [rounds = 5, ...sizes] = process.argv.slice(2).map(Number);
const cases = [1, ...(sizes.length > 0 ? sizes : [4, 16, 64])].map((partitions) => ({
  partitions,
  url: "",
  cpuMs: BATCHES.map((): number[] => []),
  wallMs: BATCHES.map((): number[] => []),
  planMs: [] as number[],
}));
type Case = (typeof cases)[number];

const services = await startServices();
const admin = postgres(services.databaseUrl, { max: 1, onnotice: () => {} });
try {
  for (const one of cases) one.url = await makeDatabase(one.partitions);
  for (let round = 1; round <= rounds; round += 1) {
    for (const [place, batch] of BATCHES.entries()) {
      const turns = makeTurns(`${round}-${batch}`, SESSIONS, TURNS);
      // Each is the first as often as the others: what is warm by then is of use to those behind.
      for (let index = 0; index < cases.length; index += 1) {
        const one = cases[(index + round) % cases.length] as Case;
        const { cpuMs, wallMs } = await store(one.url, turns, batch);
        one.cpuMs[place]?.push(cpuMs);
        one.wallMs[place]?.push(wallMs);
      }
    }
  }
  for (const one of cases) one.planMs = await plan(one.url);
  report();
} finally {
  await admin.end();
  await services.stop();
}

async function makeDatabase(partitions: number): Promise<string> {
  const name = `p${partitions}`;
  await admin`CREATE DATABASE ${admin(name)}`;
  const url = new URL(services.databaseUrl);
  url.pathname = `/${name}`;
  await migrate(url.href);
  if (partitions > 1) await partitionDatabase(url.href, partitions);
  return url.href;
}

/** Turns of many sessions of several orgs, mixed as they would come in; each session's in their order. */
function makeTurns(tag: string, sessionCount: number, turnCount: number): PreparedSessionTurn[] {
  const orgs = Array.from({ length: ORGS }, () => randomUUID());
  const sessions = Array.from({ length: sessionCount }, (_unused, session) =>
    [...writeBodies(tag, session, turnCount)].map((body) => {
      const orgId = orgs[session % ORGS] as string;
      const turn = prepareTurn({ receipt: uuidv7(), orgId, body });
      if (turn.session === undefined) throw new Error("a body has no envelope");
      return { ...turn, session: turn.session };
    }),
  );
  return Array.from({ length: turnCount }, (_unused, turn) =>
    sessions.map((session) => session[turn] as PreparedSessionTurn),
  ).flat();
}

async function store(url: string, turns: readonly PreparedSessionTurn[], batch: number) {
  const target = createPostgresStore({ url, maxConnections: 1 });
  // Connected, and its statements planned.
  await target.ingestTurns(makeTurns(randomUUID(), 3, 1));
  await admin`CHECKPOINT`;
  const cpuBefore = await readCpuSeconds(services.postgresPid, true);
  const startedAt = performance.now();
  for (let from = 0; from < turns.length; from += batch) {
    await target.ingestTurns(turns.slice(from, from + batch));
  }
  const wallMs = performance.now() - startedAt;
  const cpuMs = ((await readCpuSeconds(services.postgresPid, true)) - cpuBefore) * 1_000;
  await target.close();
  return { cpuMs: cpuMs / turns.length, wallMs: wallMs / turns.length };
}

/** How long a page of a timeline takes to plan, its values known. */
async function plan(url: string): Promise<number[]> {
  const sql = postgres(url, { max: 1 });
  const times: number[] = [];
  const [row] = await sql`SELECT org_id, id FROM sessions LIMIT 1`;
  for (let time = 0; time < PLANS; time += 1) {
    const explained = await sql.unsafe<{ "QUERY PLAN": { "Planning Time": number }[] }[]>(`
      EXPLAIN (SUMMARY, FORMAT JSON) SELECT s.latest_sequence, e.* FROM sessions s LEFT JOIN LATERAL (
        SELECT * FROM session_events WHERE org_id = '${row?.["org_id"]}' AND session_id = '${row?.["id"]}' AND sequence > 5
        ORDER BY sequence LIMIT 101) e ON true
      WHERE s.org_id = '${row?.["org_id"]}' AND s.id = '${row?.["id"]}' AND s.deleted_at IS NULL ORDER BY e.sequence`);
    times.push(explained[0]?.["QUERY PLAN"][0]?.["Planning Time"] ?? Number.NaN);
  }
  await sql.end();
  return times;
}

function report(): void {
  const [plain] = cases as [Case, ...Case[]];
  const median = (values: readonly number[] = []) => quantile(values, 0.5);
  const ratio = (value: number, base: number) => `${value.toFixed(2)} (${(value / base).toFixed(2)})`;
  console.log(`\n${rounds} rounds, medians; in brackets the ratio to plain tables\n`);
  console.log(
    `| partitions | ${BATCHES.map((batch) => `${batch} a transaction: CPU ms of Postgres a turn | ms a turn`).join(" | ")} | planning a page, ms |`,
  );
  console.log(`|---|${BATCHES.map(() => "---:|---:").join("|")}|---:|`);
  for (const { partitions, cpuMs, wallMs, planMs } of cases) {
    const cells = BATCHES.flatMap((_batch, place) => [
      ratio(median(cpuMs[place]), median(plain.cpuMs[place])),
      ratio(median(wallMs[place]), median(plain.wallMs[place])),
    ]);
    console.log(
      `| ${partitions === 1 ? "none" : partitions} | ${cells.join(" | ")} | ${ratio(median(planMs), median(plain.planMs))} |`,
    );
  }
}
