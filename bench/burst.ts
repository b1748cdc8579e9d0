/**
 * Very many posts at once, each on a connection of its own, and another org that posts one small turn after the other meanwhile:
 * to a bare server, which answers all and keeps nothing, then to ingest on each backend. Prints how both were answered, when the
 * last answer of the burst came (and in what multiple of the bare server's time), how long the other org waited, and the most
 * memory that the server ever had.
 *
 *   npx tsx bench/burst.ts [posts] [bytes] [rounds]
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { FloodResult } from "../test/support/flood.ts";
import { postTurn } from "../test/support/post-turn.ts";
import { startApp } from "./support/app-process.ts";
import { readPeakRssMb } from "./support/peak-rss.ts";
import { quantile } from "./support/quantiles.ts";
import { startServices } from "./support/services.ts";
import { startNode } from "./support/start-node.ts";

const [posts = "10000", bytes = "35000", rounds = "3"] = process.argv.slice(2);

interface Target {
  readonly name: string;
  readonly start: () => Promise<{ readonly url: string; readonly pid: number; stop(): Promise<void> }>;
}

const BARE = "bare server";

const services = await startServices();
const { redisUrl, databaseUrl } = services;
const room = {
  MAX_QUEUED_JOBS: "10000000",
  MAX_QUEUED_BYTES: "100000000000",
  MAX_QUEUED_BYTES_PER_ORG: "100000000000",
};
const targets: readonly Target[] = [
  {
    name: BARE,
    async start() {
      const server = startNode({
        name: BARE,
        entry: new URL("ingest/baseline/bare-server-program.ts", import.meta.url),
      });
      const [url] = await server.waitForLine(/^http.*$/);
      return { url, pid: server.pid, stop: () => server.stop() };
    },
  },
  {
    name: "Redis",
    start: () => startApp("ingest", { ...room, REDIS_URL: redisUrl, DATABASE_URL: databaseUrl }),
  },
  {
    name: "Postgres",
    start: () => startApp("ingest", { ...room, REDIS_URL: undefined, DATABASE_URL: databaseUrl }),
  },
];

process.stdout.write(
  `${posts} posts of ${bytes} bytes at once\n\n` +
    "| | answers | s | of the bare server | others | their p50 / max, ms | peak RSS, MB |\n" +
    "|---|---|---:|---:|---|---:|---:|\n",
);
let bareSeconds = Number.NaN;
const isHere = ({ name }: Target): boolean => name !== "Redis" || redisUrl !== undefined;
for (let round = 0; round < Number(rounds); round += 1) {
  for (const { name, start } of targets.filter(isHere)) {
    const server = await start();
    // Until its queue is open.
    while ((await postTurn(server.url, randomUUID())) !== 202) await sleep(100);
    const burst = startNode({
      name: "burst",
      entry: new URL("../test/support/flood.ts", import.meta.url),
      args: [server.url, randomUUID(), posts, bytes],
    });
    const line = burst.waitForLine(/^\{.*\}$/);
    let isOver = false;
    void burst.ended.then(() => (isOver = true));
    const other = randomUUID();
    const others: Record<string, number> = {};
    const waits: number[] = [];
    while (!isOver) {
      const startedAt = performance.now();
      const status = await postTurn(server.url, other);
      waits.push(performance.now() - startedAt);
      others[status] = (others[status] ?? 0) + 1;
    }
    const { answers, seconds } = JSON.parse((await line)[0]) as FloodResult;
    if (name === BARE) bareSeconds = seconds;
    const columns = [
      name,
      JSON.stringify(answers),
      seconds.toFixed(1),
      (seconds / bareSeconds).toFixed(2),
      JSON.stringify(others),
      `${quantile(waits, 0.5).toFixed(0)} / ${quantile(waits, 1).toFixed(0)}`,
      (await readPeakRssMb(server.pid)).toFixed(0),
    ];
    process.stdout.write(`| ${columns.join(" | ")} |\n`);
    await server.stop();
  }
}
await services.stop();
