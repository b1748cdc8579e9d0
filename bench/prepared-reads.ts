/**
 * What it is worth that a follower's question is prepared (decision 42): the same page of a timeline, asked by the same code, with
 * and without, in turn, on one connection each. `npx tsx bench/prepared-reads.ts [rounds]`
 */
import { connectDatabase, type Database } from "@turnpike/store/connection/read-connection";
import { createPostgresStore } from "@turnpike/store/ingest/postgres-store";
import { type ReadDatabase, toReadDatabase } from "@turnpike/store/connection/read-database";
import { readEvents } from "@turnpike/store/read/events/read-events";
import { prepare } from "../test/support/prepare.ts";
import { writeBodies } from "./ingest/bodies.ts";
import { describeTimes, quantile } from "./support/quantiles.ts";
import { startServices } from "./support/services.ts";

const TURNS = 20;
const PAGES_PER_ROUND = 500;
const PAGE = { after: 50, limit: 10 };

const rounds = Number(process.argv[2] ?? 10);
const services = await startServices();
const pools = [open(), open()] as const;
const [plain, prepared] = [forgetNames(pools[0]), toReadDatabase(pools[1])];
try {
  const session = await storeSession();
  const times = new Map<ReadDatabase, number[]>([
    [plain, []],
    [prepared, []],
  ]);
  // The first round does not count: it warms up.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [db, all] of times) {
      const taken = await timePages(db, session);
      if (round > 0) all.push(...taken);
    }
  }
  const [before = [], after = []] = times.values();
  console.log(`A page of ${PAGE.limit} events, ${before.length} times each, p50 / p95 / p99 in ms:`);
  console.log(`not prepared ${describeTimes(before)}, prepared ${describeTimes(after)}`);
  console.log(`Ratio of medians: ${(quantile(after, 0.5) / quantile(before, 0.5)).toFixed(2)}`);
} finally {
  await Promise.all(pools.map((pool) => pool.end()));
  await services.stop();
}

function open(): Database {
  return connectDatabase({ url: services.databaseUrl, maxConnections: 1, name: "bench" });
}

/** A database whose queries are sent as drizzle sends them by itself. */
function forgetNames(pool: Database): ReadDatabase {
  const unsafe: Database["unsafe"] = (text, values) => pool.unsafe(text, values);
  return Object.assign(toReadDatabase(pool), { $client: { unsafe } as Database });
}

async function storeSession(): Promise<{ orgId: string; sessionId: string }> {
  const store = createPostgresStore({ url: services.databaseUrl, maxConnections: 1 });
  try {
    const turns = [...writeBodies("pages", 1, TURNS)].map((body) => prepare(body));
    const [result] = await store.ingestTurns(turns);
    if (result === undefined || turns[0] === undefined) throw new Error("nothing was stored");
    return { orgId: turns[0].orgId, sessionId: result.sessionId };
  } finally {
    await store.close();
  }
}

async function timePages(
  db: ReadDatabase,
  { orgId, sessionId }: { orgId: string; sessionId: string },
): Promise<number[]> {
  const times: number[] = [];
  for (let page = 0; page < PAGES_PER_ROUND; page += 1) {
    const startedAt = performance.now();
    const found = await readEvents(db, orgId, sessionId, PAGE);
    times.push(performance.now() - startedAt);
    if (found?.events.length !== PAGE.limit) throw new Error("a page is not whole");
  }
  return times;
}
