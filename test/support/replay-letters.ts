/** A process that replays all dead letters of an org: `replay-letters.ts DATABASE_URL PREFIX ORG [REDIS_URL]`. */
import { createProducer } from "@turnpike/queue/producer/producer";
import { createQueueInspector } from "@turnpike/queue/inspector/queue-inspector";
import { createDeadLetters } from "@turnpike/store/dead-letters/dead-letters";
import { untilUp } from "./wait-until.ts";

const [databaseUrl = "", prefix = "", orgId = "", redisUrl] = process.argv.slice(2);
const log = { info: () => {}, warn: () => {}, error: () => {} };
const location = { databaseUrl, redisUrl, prefix, log };
const [letters, inspector, producer] = [
  createDeadLetters({ url: databaseUrl, maxConnections: 2 }),
  createQueueInspector(location),
  createProducer(location),
];
const queue = {
  isQueued: async (org: string, receipt: string) => (await inspector.findReceipt(org, receipt)) !== undefined,
  replay: (org: string, receipt: string, job: Uint8Array) => producer.replay(org, receipt, job),
};
await untilUp(producer, "its queue is open");
const { keys } = await letters.select({ orgId }, ["dead", "replaying"], { limit: 10_000 });
process.stdout.write("ready\n");
for (const key of keys) await letters.replay(queue, key);
process.stdout.write("done\n");
await Promise.all([letters.close(), inspector.close(), producer.close()]);
