/** The rig itself: two faults may do the same to one server at once. */
import { spawnSync } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRunning } from "@turnpike/embedded/is-running";
import { readPostmasterPid } from "@turnpike/embedded/data-dir/postmaster-pid";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPostgresServer } from "./rig/postgres-server.ts";
import { startRedisServer } from "./rig/redis-server.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "turnpike-rig-"));
  await chmod(folder, 0o711);
});
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }));

describe("a server of the rig that several faults kill and bring back at once", () => {
  it("is one Postgres in the end", async () => {
    const moves: (string | undefined)[] = [];
    const postgres = await startPostgresServer(join(folder, "postgres"), (url) => moves.push(url));
    try {
      await postgres.kill();
      await Promise.all([postgres.ensureUp(), postgres.ensureUp()]);
      for (let round = 0; round < 3; round += 1) {
        await Promise.all([
          postgres.kill(),
          postgres.ensureUp(),
          postgres.ensureUp(),
          postgres.kill(),
          postgres.ensureUp(),
          postgres.ensureUp(),
        ]);
        expect(moves.at(-1)).toBe(postgres.url());
      }
      const pid = (await readPostmasterPid(postgres.dataDir()))?.pid ?? 0;
      expect(await isRunning(pid)).toBe(true);
      await postgres.stop();
      expect(await isRunning(pid)).toBe(false);
    } finally {
      await postgres.stop();
    }
  });

  it.runIf(spawnSync("redis-server", ["--version"]).status === 0)("is one Redis in the end", async () => {
    const moves: (string | undefined)[] = [];
    const redis = await startRedisServer(join(folder, "redis"), (url) => moves.push(url));
    try {
      for (let round = 0; round < 3; round += 1) {
        const killed = redis.kill();
        redis.pause();
        await Promise.all([killed, redis.ensureUp(), redis.ensureUp()]);
        redis.resume();
        expect(moves.at(-1)).toBe(redis.url());
      }
      // Each was started once.
      expect(moves.filter((url) => url !== undefined)).toHaveLength(4);
    } finally {
      await redis.stop();
    }
  });
});
