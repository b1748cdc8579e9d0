/** A client that posts turns all at once, each on a connection of its own: `flood.ts INGEST_URL ORG COUNT`. Prints how they were answered. */
import { Agent } from "node:http";
import { postTurn } from "./post-turn.ts";

const [url = "", org = "", count = "0"] = process.argv.slice(2);
const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY });
const answers = await Promise.all(Array.from({ length: Number(count) }, () => postTurn(url, org, agent)));
const counts: Record<string, number> = {};
for (const answer of answers) counts[answer] = (counts[answer] ?? 0) + 1;
process.stdout.write(`${JSON.stringify(counts)}\n`);
agent.destroy();
