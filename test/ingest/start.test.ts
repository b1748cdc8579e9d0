import { IngestConfig } from "@turnpike/ingest/config";
import { loadConfig } from "@turnpike/kit/process/load-config";
import { TimelineConfig } from "@turnpike/timeline/config";
import { WorkerConfig } from "@turnpike/worker/config";
import { describe, expect, it } from "vitest";
import { Settings } from "../../apps/turnpike/src/settings.ts";
import { bundleOf } from "../support/bundle-of.ts";
import { useProcesses } from "../support/spawn.ts";
import { readProblem, turn } from "./ingest-fixture.ts";

describe("the configuration of the ingest app", () => {
  it("needs no more than a queue, and has the contract's limits", () => {
    expect(loadConfig(IngestConfig, { DATABASE_URL: "postgres://a/b" })).toEqual({
      PORT: 8787,
      HOST: "0.0.0.0",
      ALLOWED_HOSTS: [],
      DATABASE_URL: "postgres://a/b",
      QUEUE_PREFIX: "turnpike",
      QUEUE_SHARDS: 1,
      LOG_LEVEL: "info",
      MAX_RECEIVED_BYTES: 48 * 1024 * 1024,
      MAX_DECODED_BYTES: 64 * 1024 * 1024,
      MAX_INFLIGHT_BYTES: 96 * 1024 * 1024,
      MAX_QUEUED_JOBS: 100_000,
      MAX_QUEUED_BYTES: 1_024 * 1024 * 1024,
      MAX_QUEUED_BYTES_PER_ORG: 512 * 1024 * 1024,
      SHUTDOWN_DEADLINE_MS: 20_000,
    });
  });

  it("names what is missing together with what is wrong", () => {
    expect(() => loadConfig(IngestConfig, { PORT: "hunter2", LOG_LEVEL: "loud" })).toThrow(
      /^the configuration is not valid: PORT must be .*; LOG_LEVEL must be .*; REDIS_URL must be set, or DATABASE_URL/,
    );
  });
});

describe("the configuration of a queue of shards", () => {
  const apps = { ingest: IngestConfig, worker: WorkerConfig, timeline: TimelineConfig, turnpike: Settings };
  const database = { DATABASE_URL: "postgres://a/b" };

  it.each(Object.entries(apps))(
    "of %s needs a Redis, and may name several nodes of a cluster",
    (_app, schema) => {
      const REDIS_URL = "redis://one:1,rediss://user:a,b@two:2";
      expect(loadConfig(schema, { ...database, REDIS_URL, QUEUE_SHARDS: "4" })).toMatchObject({
        REDIS_URL,
        QUEUE_SHARDS: 4,
      });
      expect(() => loadConfig(schema, { ...database, QUEUE_SHARDS: "2" })).toThrow(
        /^the configuration is not valid: QUEUE_SHARDS must be 1 without REDIS_URL[^\n]*$/,
      );
      for (const QUEUE_SHARDS of ["0", "257", "1.5", "many"])
        expect(() => loadConfig(schema, { ...database, REDIS_URL, QUEUE_SHARDS })).toThrow(
          /: QUEUE_SHARDS must be a whole number from 1 to 256$/,
        );
      for (const bad of ["redis://one:1,", "redis://one:1,http://two", "one:1", ""])
        expect(() => loadConfig(schema, { ...database, REDIS_URL: bad, QUEUE_SHARDS: "2" })).toThrow(
          /REDIS_URL must be a redis|QUEUE_SHARDS must be 1 without/,
        );
    },
  );
});

describe("the ingest app as a process", () => {
  const processes = useProcesses();
  const entry = bundleOf("ingest");
  // Nothing listens on port 1.
  const env = { REDIS_URL: "redis://127.0.0.1:1", DATABASE_URL: undefined, PORT: "0", HOST: "127.0.0.1" };

  it("starts without its queue, answers 503 until it comes, and stops cleanly", async () => {
    const ingest = processes.start(entry, { env });
    const [, url] = await ingest.waitForLine(/"ingest_started","url":"([^"]+)"/);
    const response = await fetch(`${url}/v1/ingest`, {
      method: "POST",
      body: JSON.stringify(turn),
      headers: { "content-type": "application/json" },
    });
    expect(response.status).toBe(503);
    expect((await readProblem(response)).code).toBe("queue_unavailable");
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect(await ingest.kill("SIGTERM")).toEqual({ exitCode: 0, signal: null });
  });

  it("does not start with a configuration that is not valid, and prints none of it", async () => {
    const ingest = processes.start(entry, { env: { ...env, REDIS_URL: "http://hunter2@host" } });
    expect((await ingest.ended).exitCode).toBe(1);
    expect(ingest.output()).toContain("REDIS_URL must be a redis:// or rediss:// URL");
    expect(ingest.output()).not.toContain("hunter2");
  });
});
