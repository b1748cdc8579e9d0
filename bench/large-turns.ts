/**
 * What it costs in memory to push many large turns through: ingest, a worker, Redis and Postgres as processes of their own, all
 * turns posted at the same moment, each sent again until it is taken, and stored in the end. Text that deflates to half.
 *
 *   npx tsx bench/large-turns.ts [turns] [megabytes] [redis|postgres]
 */
import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import postgres from "postgres";
import { buildBundles } from "../test/support/build-bundles.ts";
import { startAppBundle } from "./ingest/start-app-bundle.ts";
import { readPeakRssMb } from "./support/peak-rss.ts";
import { startServices } from "./support/services.ts";

const [turns = 200, megabytes = 30, backend = "redis"] = process.argv.slice(2);
const MAX_MINUTES = 30;

const services = await startServices();
const { databaseUrl } = services;
const redisUrl = backend === "redis" ? services.redisUrl : undefined;
const env = { REDIS_URL: redisUrl, DATABASE_URL: databaseUrl };
const bundles = await buildBundles();
const start = (app: "ingest" | "worker") =>
  startAppBundle({ app, name: app, bundles, logDir: services.folder, env });
const ingest = await start("ingest");
const worker = await start("worker");
const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });

const text = Buffer.from(randomBytes((Number(megabytes) * 1e6) / 2).toString("hex"));
let refusals = 0;
let taken = 0;
const startedAt = performance.now();
const deadline = startedAt + MAX_MINUTES * 60_000;
await Promise.all(Array.from({ length: Number(turns) }, (_unused, number) => pushThrough(number)));
const takenAfter = seconds();
while (await isUnfinished()) await sleep(250);

const lines = [
  `${turns} turns of ${megabytes} MB on ${backend}: taken after ${takenAfter} s, stored after ${seconds()} s; sent again ${refusals} times`,
  `  peak of ingest ${(await readPeakRssMb(ingest.pid)).toFixed(0)} MB, of the worker ${(await readPeakRssMb(worker.pid)).toFixed(0)} MB`,
];
if (redisUrl !== undefined) lines.push(`  peak of Redis ${(await readRedisPeakMb(redisUrl)).toFixed(0)} MB`);
process.stdout.write(`${lines.join("\n")}\n`);
await sql.end();
await worker.stop();
await ingest.stop();
await services.stop();
bundles.remove();

function seconds(): string {
  return ((performance.now() - startedAt) / 1_000).toFixed(0);
}

async function pushThrough(number: number): Promise<void> {
  for (;;) {
    const { status, retryAfterS } = await post(number);
    if (status === 202) {
      taken += 1;
      return;
    }
    if (status !== 503 && status !== 0) throw new Error(`turn ${number} was answered ${status}`);
    if (performance.now() > deadline)
      throw new Error(`only ${taken} turns were taken in ${MAX_MINUTES} minutes`);
    refusals += 1;
    await sleep((retryAfterS + Math.random()) * 1_000);
  }
}

/** Post a turn on a connection of its own; 0 when that was closed before there was an answer. */
function post(number: number): Promise<{ status: number; retryAfterS: number }> {
  const start = Buffer.from(
    `{"provider":"anthropic","session":{"harness_id":"bench","harness_session_id":"${number}"},"response":{"model":"m","message":` +
      `{"role":"assistant","content":[{"type":"text","text":"${number}"}]}},"request":{"model":"m","messages":[{"role":"user","content":"${number} `,
  );
  const end = Buffer.from('"}]}}');
  return new Promise((resolve) => {
    const headers = {
      "content-type": "application/json",
      "content-length": start.length + text.length + end.length,
    };
    const sent = request(`${ingest.url}/v1/ingest`, { method: "POST", headers, agent: false }, (answer) => {
      const retryAfterS = Number(answer.headers["retry-after"] ?? 1);
      answer.resume().once("close", () => resolve({ status: answer.statusCode ?? 0, retryAfterS }));
    });
    sent.once("error", () => resolve({ status: 0, retryAfterS: 1 }));
    sent.write(start);
    sent.write(text);
    sent.end(end);
  });
}

async function isUnfinished(): Promise<boolean> {
  if (performance.now() > deadline) throw new Error(`not every turn was stored in ${MAX_MINUTES} minutes`);
  ingest.checkAlive();
  worker.checkAlive();
  const [row] = await sql`SELECT count(*)::int AS stored FROM turns`;
  return row?.["stored"] !== Number(turns);
}

async function readRedisPeakMb(url: string): Promise<number> {
  const redis = new Redis(url);
  const info = await redis.info("memory");
  redis.disconnect();
  return Number(/^used_memory_peak:(\d+)/m.exec(info)?.[1]) / 1e6;
}
