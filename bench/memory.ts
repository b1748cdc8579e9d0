/**
 * What large posts at once cost in memory: an ingest process, and as many bodies as one likes, all sent at the same moment. Prints
 * how they were answered and the most that the process ever held.
 *
 *   npx tsx bench/memory.ts [posts] [megabytes] [ascii|wide|many]
 */
import { request } from "node:http";
import { startApp } from "./support/app-process.ts";
import { readPeakRssMb } from "./support/peak-rss.ts";
import { startServices } from "./support/services.ts";

const [posts = 200, megabytes = 30, kind = "ascii"] = process.argv.slice(2);

const fills: Readonly<Record<string, (bytes: number) => unknown>> = {
  // One tool output of Latin letters.
  ascii: (bytes) => [
    { type: "text", text: "the quick brown fox jumps over the lazy dog ".repeat(bytes / 44) },
  ],
  // Characters that take two bytes each in memory, and three on the wire.
  wide: (bytes) => [{ type: "text", text: "急がば回れ。".repeat(bytes / 18) }],
  // Many small blocks: parsed, they take several times their size.
  many: (bytes) =>
    Array.from({ length: bytes / 60 }, (_unused, index) => ({ type: "text", text: `block ${index}` })),
};

const services = await startServices();
const { redisUrl, databaseUrl } = services;
const ingest = await startApp("ingest", { REDIS_URL: redisUrl, DATABASE_URL: databaseUrl });
const body = Buffer.from(
  JSON.stringify({
    provider: "anthropic",
    request: { model: "m", messages: [{ role: "user", content: fills[kind]?.(Number(megabytes) * 1e6) }] },
    response: { model: "m", message: { role: "assistant", content: [{ type: "text", text: "ok" }] } },
    session: { harness_id: "bench", harness_session_id: "memory" },
  }),
);
const startedAt = performance.now();
const answers = await Promise.all(Array.from({ length: Number(posts) }, () => post(body)));
const seconds = (performance.now() - startedAt) / 1_000;
const counts = new Map<string, number>();
for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
process.stdout.write(
  [
    `${posts} posts of ${(body.length / 1e6).toFixed(1)} MB (${kind}) at once, ${redisUrl === undefined ? "Postgres" : "Redis"}`,
    ...[...counts].map(([answer, count]) => `  ${answer}: ${count}`),
    `  ${seconds.toFixed(1)} s, peak RSS of ingest ${(await readPeakRssMb(ingest.pid)).toFixed(0)} MB\n`,
  ].join("\n"),
);
await ingest.stop();
await services.stop();

function post(bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const headers = { "content-type": "application/json", "content-length": bytes.length };
    const sent = request(`${ingest.url}/v1/ingest`, { method: "POST", headers, agent: false }, (answer) => {
      answer.resume().once("close", () => resolve(String(answer.statusCode)));
    });
    sent.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
    sent.end(bytes);
  });
}
