/**
 * The yardstick: one process, no HTTP, no queue. Parses the bodies, builds the chains, writes them in bulk by two lanes, and
 * prints what each step took. It does the least that any ingest must do: no events of their own numbering, no receipts, no
 * checks, no second arrival. It has to stay as it is, for ratios of different days to mean the same.
 */
import { createHash, randomUUID } from "node:crypto";
import { TURNS_OF_SIZE, writeBodies } from "../bodies.ts";
import type { YardstickOrder, YardstickResult } from "./run-baseline.ts";
import { type ChainNode, chainOf, type YardstickBody } from "./baseline-chain.ts";
import { createYardstickTables, type YardstickBatch, writeYardstickBatch } from "./baseline-tables.ts";
import postgres from "postgres";

const BATCH = 50;
const LANES = 2;

const order = JSON.parse(process.argv[2] ?? "{}") as YardstickOrder;
const turnsPerSession = TURNS_OF_SIZE[order.size];
const bodies: Buffer[] = [];
for (let session = 0; session < order.sessions; session += 1) {
  for (const body of writeBodies("bench", session, turnsPerSession)) bodies.push(Buffer.from(body));
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
let startedAt = performance.now();
const parsed = bodies.map((body) => JSON.parse(body.toString()) as YardstickBody);
const parseMs = performance.now() - startedAt;
startedAt = performance.now();
const chains = parsed.map((body) => chainOf(body, sha256));
const chainMs = performance.now() - startedAt;

const sql = postgres(order.databaseUrl, { max: 4, onnotice: () => {} });
await createYardstickTables(sql);
const sessionIds = new Map<string, string>();
for (const { session } of parsed) {
  if (!sessionIds.has(session.harness_session_id)) sessionIds.set(session.harness_session_id, randomUUID());
}
startedAt = performance.now();
await writeAll();
const writeMs = performance.now() - startedAt;
const [counted] = await sql<{ turns: number; nodes: number }[]>`
  SELECT (SELECT sum(turns) FROM yardstick_sessions)::int AS turns, (SELECT count(*) FROM yardstick_nodes)::int AS nodes`;
await sql.end();
if (counted?.turns !== bodies.length)
  throw new Error(`${counted?.turns} of ${bodies.length} turns are stored`);
if (counted.nodes !== bodies.length * 2) throw new Error(`${counted.nodes} nodes are stored`);

const result: YardstickResult = { turns: bodies.length, parseMs, chainMs, writeMs };
process.stdout.write(`${JSON.stringify(result)}\n`);

/** Turns in the order of a live load: all first ones, all second ones, and so on. */
async function writeAll(): Promise<void> {
  const seen = new Set<string>();
  const places = [...bodies.keys()].toSorted(
    (left, right) => (left % turnsPerSession) - (right % turnsPerSession) || left - right,
  );
  let next = 0;
  await Promise.all(
    Array.from({ length: LANES }, async () => {
      while (next < places.length) {
        const batch = places.slice(next, next + BATCH);
        next += BATCH;
        await writeYardstickBatch(sql, collect(batch, seen));
      }
    }),
  );
}

function collect(places: readonly number[], seen: Set<string>): YardstickBatch {
  const batch: YardstickBatch = { sessions: new Map(), nodes: [], events: [] };
  for (const place of places) {
    const body = parsed[place] as YardstickBody;
    const chain = chains[place] as ChainNode[];
    const harnessSessionId = body.session.harness_session_id;
    const id = sessionIds.get(harnessSessionId) as string;
    for (const node of chain) {
      if (seen.has(node.hash)) continue;
      seen.add(node.hash);
      batch.nodes.push({ ...node, sessionId: id, content: JSON.stringify(node.content) });
    }
    const session = batch.sessions.get(id) ?? { id, harnessSessionId, input: 0, output: 0, turns: 0 };
    session.input += body.response.usage.prompt_tokens;
    session.output += body.response.usage.completion_tokens;
    session.turns += 1;
    batch.sessions.set(id, session);
    const metadata = `{"headHash":"${chain.at(-1)?.hash}"}`;
    for (const type of ["user_message", "tool_call", "turn_completed"]) {
      batch.events.push({ sessionId: id, type, metadata });
    }
  }
  return batch;
}
