/**
 * Posts the turns of many sessions, as harnesses do: the turns of a session in order, sessions in parallel, bodies written as
 * they are sent. Runs as a process of its own and prints one line of JSON. Busy answers (429, 5xx) and broken connections are
 * tried again, with back-off.
 */
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { quantile } from "../support/quantiles.ts";
import { writeBodies } from "./bodies.ts";
import { type LoadOrder, turnsOf } from "./load-order.ts";
import type { LoadResult } from "./run/run-load.ts";

const MAX_BACK_OFF_MS = 500;

const order = JSON.parse(process.argv[2] ?? "{}") as LoadOrder;
const target = new URL("/v1/ingest", order.ingestUrl);
const agent = new Agent({ keepAlive: true, maxSockets: order.concurrency + 4 });
const times: number[] = [];
let accepted = 0;
let retries = 0;
let bytes = 0;
let sent = 0;

const startedAt = performance.now();
const sessions = Array.from({ length: order.sessions }, (_unused, session) => session).values();
await Promise.all(
  Array.from({ length: order.concurrency }, async () => {
    for (const session of sessions) await sendSession(session);
  }),
);
const seconds = (performance.now() - startedAt) / 1_000;
agent.destroy();
const result: LoadResult = {
  accepted,
  retries,
  startedAtMs: performance.timeOrigin + startedAt,
  seconds,
  kbPerTurn: bytes / 1_000 / accepted,
  p50Ms: quantile(times, 0.5),
  p99Ms: quantile(times, 0.99),
};
process.stdout.write(`${JSON.stringify(result)}\n`);

async function sendSession(session: number): Promise<void> {
  for (const body of writeBodies(order.tag, session, turnsOf(order, session))) {
    await waitForTurn();
    bytes += body.length;
    for (let attempt = 0; ; attempt += 1) {
      const status = await post(body);
      if (status === 202) break;
      if (status !== 0 && status !== 429 && status < 500) throw new Error(`the answer was ${status}`);
      retries += 1;
      await sleep(Math.min(50 * 2 ** attempt, MAX_BACK_OFF_MS));
    }
    accepted += 1;
  }
}

/** At a given rate, every turn has its time; a late one goes at once. */
async function waitForTurn(): Promise<void> {
  if (order.ratePerSecond === undefined) return;
  const dueAt = startedAt + (sent * 1_000) / order.ratePerSecond;
  sent += 1;
  const earlyMs = dueAt - performance.now();
  if (earlyMs > 0) await sleep(earlyMs);
}

/** The status, or 0 when there was no answer. */
function post(body: string): Promise<number> {
  const began = performance.now();
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  return new Promise((resolve) => {
    const call = request(target, { agent, method: "POST", headers }, (answer) => {
      answer.resume();
      answer.once("end", () => {
        times.push(performance.now() - began);
        resolve(answer.statusCode ?? 0);
      });
      answer.once("error", () => resolve(0));
    });
    call.once("error", () => resolve(0));
    call.end(body);
  });
}
