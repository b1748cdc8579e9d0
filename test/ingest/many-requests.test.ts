/** Very many requests at once from one client: each gets its answer, what was answered 202 is in the queue, and nobody else is refused. */
import { randomUUID } from "node:crypto";
import { createQueueInspector } from "@turnpike/queue/inspector/queue-inspector";
import { describe, expect, it } from "vitest";
import { bundleOf } from "../support/bundle-of.ts";
import { queueBackends } from "../support/backends.ts";
import { createTestDatabase } from "../support/database.ts";
import type { FloodResult } from "../support/flood.ts";
import { postTurn } from "../support/post-turn.ts";
import { useProcesses } from "../support/spawn.ts";
import { waitUntil } from "../support/wait-until.ts";

const REQUESTS = 10_000;
const silent = { info() {}, warn() {}, error() {} };

describe.each(queueBackends())("ten thousand requests at once, on $name", (backend) => {
  const processes = useProcesses();

  it("are answered, and leave room for others", async () => {
    const database = await createTestDatabase();
    const location = {
      redisUrl: backend.name === "redis" ? backend.redisUrl : undefined,
      databaseUrl: database.url,
      prefix: `test-${new URL(database.url).pathname.slice(1)}`,
    };
    const ingest = processes.start(bundleOf("ingest"), {
      env: {
        REDIS_URL: location.redisUrl,
        DATABASE_URL: database.url,
        QUEUE_PREFIX: location.prefix,
        PORT: "0",
        HOST: "127.0.0.1",
        LOG_LEVEL: "info",
      },
    });
    const [, url = ""] = await ingest.waitForLine(/"url":"(http:[^"]+)"/);
    await waitUntil(async () => (await fetch(`${url}/readyz`)).status === 200, { what: "its queue is open" });
    const [flooding, other] = [randomUUID(), randomUUID()];

    const flood = processes.start(new URL("../support/flood.ts", import.meta.url), {
      args: [url, flooding, String(REQUESTS)],
    });
    const others: number[] = [];
    let isOver = false;
    void flood.ended.finally(() => (isOver = true));
    while (!isOver) others.push(await postTurn(url, other));

    const { answers } = JSON.parse(flood.output()) as FloodResult;
    // Refused for want of room, or because it came too slowly; or closed by the system, which has a line of its own.
    expect(Object.keys(answers).filter((status) => !["202", "503", "408", "0"].includes(status))).toEqual([]);
    const accepted = answers["202"] ?? 0;
    expect(accepted).toBeGreaterThan(REQUESTS * 0.9);
    const refusals = (await (await fetch(`${url}/metrics`)).text()).match(
      /^turnpike_(full_ref|turns_rej).* [1-9].*$/gm,
    );
    const circumstances = `${JSON.stringify(answers)}, ${others.filter((status) => status !== 202).length} others; ${refusals?.join("; ")}`;
    expect(new Set(others), circumstances).toEqual(new Set([202]));

    const inspector = createQueueInspector({ ...location, log: silent });
    const { acceptedByOrg } = await inspector.snapshot();
    // What was answered 202, and of what lost its answer no more than was sent.
    expect(acceptedByOrg.get(flooding)).toBeGreaterThanOrEqual(accepted);
    expect(acceptedByOrg.get(flooding)).toBeLessThanOrEqual(REQUESTS);
    expect(acceptedByOrg.get(other)).toBe(others.length);
    await inspector.close();
    await ingest.kill("SIGTERM");
    await database.drop();
  }, 180_000);
});
