/**
 * How long an org waits while another floods the queue: one puts turns in at 20 times the capacity that was measured just before,
 * the other posts ten turns a second. Prints p50 / p95 / p99 from the 202 until the turn's row is there.
 *
 *   npx tsx bench/fairness.ts [seconds]
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { startApp } from "./support/app-process.ts";
import { describeTimes } from "./support/quantiles.ts";
import { startServices } from "./support/services.ts";

const seconds = Number(process.argv[2] ?? 10);
const FLOOD_FACTOR = 20;
const BATCH_TURNS = 200;
const LIGHT_PER_SECOND = 10;
const WARM_UP_TURNS = 1_000;

const services = await startServices();
for (const redisUrl of [undefined, services.redisUrl]) {
  const env = { DATABASE_URL: services.databaseUrl, REDIS_URL: redisUrl, MAX_QUEUED_JOBS: "10000000" };
  const [ingest, worker] = await Promise.all([startApp("ingest", env), startApp("worker", env)]);
  const sql = postgres(services.databaseUrl, { max: 4, onnotice: () => {} });
  const count = async (orgId: string): Promise<number> => {
    const [row] = await sql`SELECT count(*)::int AS n FROM receipts WHERE org_id = ${orgId}`;
    return Number(row?.["n"]);
  };
  const warmUp = randomUUID();
  const startedAt = performance.now();
  await postMany(ingest.url, warmUp, WARM_UP_TURNS);
  while ((await count(warmUp)) < WARM_UP_TURNS) await sleep(20);
  const capacity = (WARM_UP_TURNS / (performance.now() - startedAt)) * 1_000;

  const [flooding, light] = [randomUUID(), randomUUID()];
  const latencies: number[] = [];
  const until = performance.now() + seconds * 1_000;
  const flood = async (): Promise<void> => {
    // As fast as it is taken, which is the bound where ingest is not 20 times as fast as the worker.
    let put = 0;
    while (performance.now() < until) {
      const due = capacity * FLOOD_FACTOR * (seconds - (until - performance.now()) / 1_000);
      if (put < due) put += await postMany(ingest.url, flooding, BATCH_TURNS);
      else await sleep(5);
    }
  };
  const drip = async (): Promise<void> => {
    for (let turn = 1; performance.now() < until; turn += 1) {
      const postedAt = performance.now();
      await postMany(ingest.url, light, 1);
      while ((await count(light)) < turn) await sleep(5);
      latencies.push(performance.now() - postedAt);
      await sleep(Math.max(0, 1_000 / LIGHT_PER_SECOND - (performance.now() - postedAt)));
    }
  };
  await Promise.all([flood(), flood(), drip()]);
  process.stdout.write(
    `${redisUrl === undefined ? "Postgres" : "Redis"}: capacity ${capacity.toFixed(0)} turns/s, ` +
      `${latencies.length} light turns, p50 / p95 / p99 ${describeTimes(latencies)} ms, ` +
      `${await count(flooding)} flood turns stored\n`,
  );
  await sql.end();
  await Promise.all([ingest.stop(), worker.stop()]);
}
await services.stop();

async function postMany(url: string, orgId: string, turns: number): Promise<number> {
  const body = {
    turns: Array.from({ length: turns }, () => ({
      provider: "anthropic",
      request: { model: "m", messages: [{ role: "user", content: randomUUID() }] },
      response: { model: "m", message: { role: "assistant", content: [{ type: "text", text: "yes" }] } },
      session: { org_id: orgId, harness_id: "bench", harness_session_id: randomUUID() },
    })),
  };
  const answer = await fetch(`${url}/v1/ingest/batch`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  await answer.arrayBuffer();
  return answer.status === 202 ? turns : 0;
}
