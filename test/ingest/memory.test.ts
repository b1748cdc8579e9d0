import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { describe, expect, it } from "vitest";
import { bundleOf } from "../support/bundle-of.ts";
import { queueBackends } from "../support/backends.ts";
import { createTestDatabase } from "../support/database.ts";
import { useProcesses } from "../support/spawn.ts";

const POSTS = 12;
const BODY_BYTES = 30_000_000;
const MAX_RSS_MB = 512;

describe.each(queueBackends())("large posts at once, on $name", (backend) => {
  const processes = useProcesses();

  it("are taken or refused within bounded memory, and the process goes on", async () => {
    const database = await createTestDatabase();
    const ingest = processes.start(bundleOf("ingest"), {
      env: {
        ...(backend.name === "redis"
          ? { REDIS_URL: backend.redisUrl, DATABASE_URL: undefined }
          : { DATABASE_URL: database.url, REDIS_URL: undefined }),
        QUEUE_PREFIX: `test-${new URL(database.url).pathname.slice(1)}`,
        PORT: "0",
        HOST: "127.0.0.1",
        LOG_LEVEL: "info",
      },
    });
    const [, url = ""] = await ingest.waitForLine(/"url":"(http:[^"]+)"/);
    const large = turnOf(BODY_BYTES);
    const answers = await Promise.all(Array.from({ length: POSTS }, () => post(url, large)));
    expect(answers).toContain(202);
    // A refused client may find the connection closed before it has read the answer.
    expect(answers.filter((answer) => ![202, 503, 0].includes(answer))).toEqual([]);
    const status = await readFile(`/proc/${ingest.pid}/status`, "utf8");
    expect(Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024).toBeLessThan(MAX_RSS_MB);
    expect(await post(url, turnOf(1_000))).toBe(202);
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^turnpike_inflight_body_bytes\{.*\} 0$/m);
    await ingest.kill("SIGTERM");
    await database.drop();
  });
});

function turnOf(sizeBytes: number): Buffer {
  const content = "the quick brown fox ".repeat(sizeBytes / 20);
  return Buffer.from(
    JSON.stringify({
      provider: "anthropic",
      request: { model: "m", messages: [{ role: "user", content }] },
      response: { model: "m", message: { role: "assistant", content: [{ type: "text", text: "ok" }] } },
    }),
  );
}

/** Post a body on a connection of its own; 0 when that was closed without an answer. */
function post(url: string, body: Buffer): Promise<number> {
  return new Promise((resolve) => {
    const headers = { "content-type": "application/json", "content-length": body.length };
    const sent = request(`${url}/v1/ingest`, { method: "POST", headers, agent: false }, (answer) => {
      answer.resume().once("close", () => resolve(answer.statusCode ?? 0));
    });
    sent.once("error", () => resolve(0));
    sent.end(body);
  });
}
