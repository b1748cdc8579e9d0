/** Turns of one org wait for a queue that stands still for a moment: they leave room for those of another. */
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { bundleOf } from "../support/bundle-of.ts";
import { queueBackends } from "../support/backends.ts";
import { postTurn } from "../support/post-turn.ts";
import { useProcesses } from "../support/spawn.ts";
import { useRedis } from "../support/use-redis.ts";
import { waitUntil } from "../support/wait-until.ts";

const MIB = 1024 * 1024;
// Until it is told to go on.
const PAUSE_MS = 60_000;
// Room for 256 small turns, which count 16 KiB each and their bytes.
const ROOM_BYTES = 4 * MIB;
const FLOOD = 200;
const SHARE = 128;

const [, redisBackend] = queueBackends();

describe.skipIf(redisBackend === undefined)("a queue that stands still", () => {
  const processes = useProcesses();
  const redis = useRedis();

  it("holds half of the room for turns of one org, and takes those of another", async () => {
    const ingest = processes.start(bundleOf("ingest"), {
      env: {
        REDIS_URL: redis().url,
        DATABASE_URL: undefined,
        MAX_INFLIGHT_BYTES: String(ROOM_BYTES),
        PORT: "0",
        HOST: "127.0.0.1",
      },
    });
    const [, url = ""] = await ingest.waitForLine(/"url":"(http:[^"]+)"/);
    const [one, other] = [randomUUID(), randomUUID()];
    await waitUntil(async () => (await postTurn(url, one)) === 202, { what: "its queue is open" });

    await redis().admin.call("CLIENT", "PAUSE", String(PAUSE_MS), "WRITE");
    const flood = Promise.all(Array.from({ length: FLOOD }, () => postTurn(url, one)));
    await waitUntil(async () => (await readRefusals(url)) >= FLOOD - SHARE, { what: "its share is used up" });
    const taken = postTurn(url, other);
    await redis().admin.call("CLIENT", "UNPAUSE");
    expect(await taken).toBe(202);

    const accepted = (await flood).filter((status) => status === 202).length;
    expect(accepted).toBeGreaterThan(SHARE - 10);
    expect(accepted).toBeLessThanOrEqual(SHARE);
    expect(await readRefusals(url)).toBe(FLOOD - accepted);
    expect(await postTurn(url, one)).toBe(202);
    await ingest.kill("SIGTERM");
  });
});

async function readRefusals(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^turnpike_full_refusals\{bound="inflight_bytes_per_org".*\} (\d+)$/m.exec(metrics)?.[1]);
}
