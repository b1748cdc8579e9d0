import { dirname } from "node:path";
import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { zstdRaw } from "../ingest/zstd-frames.ts";
import { allBackends } from "../support/backends.ts";
import { type BundledApp, bundleOf } from "../support/bundle-of.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type ProcessOptions, type TestProcess, useProcesses } from "../support/spawn.ts";
import { conversation } from "../support/turn-body.ts";
import { waitUntil } from "../support/wait-until.ts";

const processes = useProcesses();
let database: TestDatabase;

// Each queue has a database of its own.
beforeEach(async () => {
  database = await createTestDatabase();
});

afterEach(() => database?.drop());

function startBundle(app: BundledApp, options: ProcessOptions = {}): TestProcess {
  const file = bundleOf(app);
  // Outside the repository, where no node_modules can be found by accident.
  return processes.start(file, { ...options, cwd: dirname(file) });
}

describe.each(allBackends())("the bundles on $name", ({ redisUrl, shards }) => {
  it("carry a conversation from ingest over the queue and the worker to the timeline, each a process", async () => {
    const org = randomUUID();
    const env = {
      DATABASE_URL: database.url,
      REDIS_URL: redisUrl,
      QUEUE_PREFIX: `test-${org}`,
      QUEUE_SHARDS: String(shards),
      PORT: "0",
      HOST: "127.0.0.1",
    };
    const workers = Array.from({ length: shards }, () => "worker" as const);
    const apps = (["ingest", "timeline", ...workers] as const).map((app) => ({
      app,
      process: startBundle(app, { env }),
    }));
    const [ingestUrl = "", timelineUrl = "", ...workerUrls] = await Promise.all(
      apps.map(async ({ app, process }) => {
        const [, url = ""] = await process.waitForLine(new RegExp(`"${app}_started","url":"([^"]+)"`));
        return url;
      }),
    );
    for (const url of [ingestUrl, timelineUrl, ...workerUrls]) {
      await waitUntil(async () => (await fetch(`${url}/readyz`)).ok, { what: `${url} is ready` });
      expect(await (await fetch(`${url}/metrics`)).text()).toContain("process_cpu_seconds_total");
    }

    const bodies = conversation({ org, turns: 3, forkAt: 2 });
    for (const [at, text] of bodies.entries()) {
      // zstd is inflated in a thread, whose code is a file of its own.
      const encoding = at === 0 ? "zstd" : "identity";
      const headers = { "content-type": "application/json", "content-encoding": encoding };
      const body = at === 0 ? new Uint8Array(zstdRaw(Buffer.from(text))) : text;
      const answer = await fetch(`${ingestUrl}/v1/ingest`, { method: "POST", headers, body });
      expect(answer.status).toBe(202);
      const { receipt } = (await answer.json()) as { receipt: string };
      const receiptUrl = `${timelineUrl}/v1/receipts/${receipt}?org_id=${org}`;
      await waitUntil(async () => (await readJson(receiptUrl))["state"] === "stored", {
        what: "the turn is stored",
      });
    }
    const sessions = await readJson(`${timelineUrl}/v1/sessions?org_id=${org}`);
    expect(sessions).toMatchObject({ items: [{ turnCount: bodies.length }] });
    const [session] = sessions["items"] as { id: string; latestSequence: number }[];
    const timeline = await readJson(`${timelineUrl}/v1/sessions/${session?.id}/timeline?org_id=${org}`);
    const sequences = (timeline["events"] as { sequence: number }[]).map((event) => event.sequence);
    expect(sequences).toEqual(
      Array.from({ length: session?.latestSequence ?? 0 }, (_unused, index) => index + 1),
    );

    for (const url of [ingestUrl, timelineUrl]) await expectDocsPage(url);
    for (const { process } of apps.toReversed()) {
      void process.kill("SIGTERM");
      await expectCleanEnd(process);
    }
  });
});

describe("the bundled command", () => {
  it("migrates an empty database, and again", async () => {
    const name = `bundle_${randomUUID().replaceAll("-", "")}`;
    const admin = postgres(database.url, { max: 1, onnotice: () => {} });
    await admin`CREATE DATABASE ${admin(name)}`;
    const url = database.url.replace(/\/[^/]*$/, `/${name}`);
    try {
      for (const _attempt of [1, 2]) {
        const migrating = startBundle("turnpike", {
          args: ["migrate"],
          env: { DATABASE_URL: url, REDIS_URL: undefined },
        });
        await expectCleanEnd(migrating);
      }
      const sql = postgres(url, { max: 1 });
      expect(await sql`SELECT count(*)::int AS count FROM sessions`).toEqual([{ count: 0 }]);
      await sql.end();
    } finally {
      await admin`DROP DATABASE ${admin(name)} WITH (FORCE)`;
      await admin.end();
    }
  });

  it("says which way out there is where no embedded Postgres is installed", async () => {
    const starting = startBundle("turnpike", { args: ["start"], env: { DATABASE_URL: undefined } });
    expect((await starting.ended).exitCode).toBe(1);
    expect(starting.output()).toContain("Set DATABASE_URL to use a PostgreSQL server of your own");
  });
});

async function expectCleanEnd(process: TestProcess): Promise<void> {
  const { exitCode } = await process.ended;
  if (exitCode !== 0) throw new Error(`it ended with ${exitCode}:\n${process.output()}`);
}

async function readJson(url: string): Promise<Record<string, unknown>> {
  return (await (await fetch(url)).json()) as Record<string, unknown>;
}

async function expectDocsPage(url: string): Promise<void> {
  const page = await (await fetch(`${url}/docs`)).text();
  const links = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link = ""]) => link);
  expect(links).toContain("docs/swagger-ui-bundle.js");
  for (const link of [...links, "openapi.json"]) {
    const asset = await fetch(new URL(link, `${url}/docs`));
    expect([link, asset.status]).toEqual([link, 200]);
    expect((await asset.arrayBuffer()).byteLength).toBeGreaterThan(50);
  }
}
