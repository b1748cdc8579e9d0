/**
 * A client that posts turns all at once, each on a connection of its own: `flood.ts INGEST_URL ORG COUNT [BYTES]`. Prints how they
 * were answered, by status, and after how many seconds the last of them was.
 */
import { Agent } from "node:http";
import { postTurn } from "./post-turn.ts";

/** What it prints, as JSON. */
export interface FloodResult {
  readonly answers: Readonly<Record<string, number>>;
  readonly seconds: number;
}

const [url = "", org = "", count = "0", bytes = "0"] = process.argv.slice(2);
const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY });
const startedAt = performance.now();
const post = (): Promise<number> => postTurn(url, org, { agent, bytes: Number(bytes) });
const statuses = await Promise.all(Array.from({ length: Number(count) }, post));
const answers: Record<string, number> = {};
for (const status of statuses) answers[status] = (answers[status] ?? 0) + 1;
const result: FloodResult = { answers, seconds: (performance.now() - startedAt) / 1_000 };
process.stdout.write(`${JSON.stringify(result)}\n`);
agent.destroy();
