/** A process that appends to one session until it is killed: `append-forever.ts DATABASE_URL ORG SESSION`. */
import { appendEvents } from "@turnpike/store/events/append-events";
import { createWritePool } from "@turnpike/store/connection/write-pool";

const [url = "", orgId = "", sessionId = ""] = process.argv.slice(2);
const pool = createWritePool({ url, maxConnections: 4, name: "append-forever" });
process.stdout.write("ready\n");

async function appendOn(lane: number): Promise<never> {
  for (let round = 0; ; round += 1) {
    const events = Array.from({ length: 1 + ((lane + round) % 5) }, () => ({
      eventType: "tick",
      message: `${lane}`,
    }));
    await appendEvents(pool, orgId, sessionId, events);
  }
}

await Promise.all([0, 1, 2, 3].map(appendOn));
