/** Each app as a process of its own, as operators run them; some are killed while turns flow. */
import { randomUUID } from "node:crypto";
import postgres, { type Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleOf } from "../support/bundle-of.ts";
import { allBackends } from "../support/backends.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { readSnapshot } from "../support/snapshot.ts";
import { type TestProcess, useProcesses } from "../support/spawn.ts";
import { runPool } from "../support/stack.ts";
import { conversation } from "../support/turn-body.ts";
import { waitUntil } from "../support/wait-until.ts";

const processes = useProcesses();

describe.each(allBackends())("the apps as processes of their own on $name", (backend) => {
  let database: TestDatabase;
  let sql: Sql;

  beforeAll(async () => {
    database = await createTestDatabase();
    sql = postgres(database.url, { max: 2 });
  });

  afterAll(async () => {
    await sql.end();
    await database.drop();
  });

  const startApp = async (
    app: "ingest" | "worker" | "timeline",
  ): Promise<{ url: string; process: TestProcess }> => {
    const process = processes.start(bundleOf(app), {
      env: {
        DATABASE_URL: database.url,
        REDIS_URL: backend.redisUrl,
        QUEUE_PREFIX: `apart-${new URL(database.url).pathname.slice(1)}`,
        QUEUE_SHARDS: String(backend.shards),
        PORT: "0",
        HOST: "127.0.0.1",
      },
    });
    const [, url = ""] = await process.waitForLine(/"url":"(http:[^"]+)"/);
    return { url, process };
  };

  const countReceipts = async (org: string): Promise<number> => {
    const [row] = await sql`SELECT count(*)::int AS n FROM receipts WHERE org_id = ${org}`;
    return row?.["n"] as number;
  };

  it("every accepted turn is stored once, though a worker is killed and another told to stop", async () => {
    const [ingest, timeline, doomed, leaving] = await Promise.all([
      startApp("ingest"),
      startApp("timeline"),
      startApp("worker"),
      startApp("worker"),
    ]);
    // On a cluster there are four.
    const others = await Promise.all(
      Array.from({ length: Math.max(0, backend.shards - 2) }, () => startApp("worker")),
    );
    const org = randomUUID();
    const bodies = Array.from({ length: 12 }, (_unused, session) =>
      conversation({ org, session: `session-${session}`, turns: 20, forkAt: 9 }),
    ).flat();
    const posting = runPool(bodies, 16, async (body) => {
      const answer = await fetch(`${ingest.url}/v1/ingest`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
      expect(answer.status).toBe(202);
      await answer.body?.cancel();
    });
    await waitUntil(async () => (await countReceipts(org)) > 20, { what: "some turns are stored" });
    await doomed.process.kill("SIGKILL");
    const replacement = await startApp("worker");
    const left = await leaving.process.kill("SIGTERM");
    expect(left, leaving.process.output().slice(-2_000)).toEqual({ exitCode: 0, signal: null });
    await posting;
    await waitUntil(async () => (await countReceipts(org)) === bodies.length, {
      what: "every turn has come to its end",
      timeoutMs: 60_000,
    });

    const { sessions } = await readSnapshot(sql, org);
    expect(sessions).toHaveLength(12);
    expect(new Set(sessions.map((session) => session["turn_count"]))).toEqual(new Set(["21"]));
    const listed = await fetch(`${timeline.url}/v1/sessions?org_id=${org}`);
    expect(((await listed.json()) as { items: unknown[] }).items).toHaveLength(12);

    for (const { process } of [ingest, timeline, replacement, ...others]) {
      expect(await process.kill("SIGTERM"), process.output().slice(-2_000)).toEqual({
        exitCode: 0,
        signal: null,
      });
    }
  }, 150_000);
});
