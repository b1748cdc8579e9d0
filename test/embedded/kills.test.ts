import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isRunning } from "@turnpike/embedded/is-running";
import { readPostmasterPid } from "@turnpike/embedded/data-dir/postmaster-pid";
import postgres from "postgres";
import { expect, test } from "vitest";
import { waitUntil } from "../support/wait-until.ts";
import { useDataDirs } from "./use-data-dirs.ts";

const dataDirs = useDataDirs();

test("a server that outlived its killed owner is taken over, and stopped by its new owner", async () => {
  const dataDir = join(await dataDirs.makeFolder(), "data");
  const first = await dataDirs.own(dataDir);
  await first.process.kill("SIGKILL");
  const second = await dataDirs.own(dataDir);
  expect(second).toMatchObject({ pid: first.pid, port: first.port, visits: 2 });
  expect(second.process.output()).toContain("log: attached to PostgreSQL");
  expect(await second.process.kill("SIGTERM")).toEqual({ exitCode: 0, signal: null });
  expect(await isRunning(first.pid)).toBe(false);
});

test("after owner and server were killed, the next start recovers the rows", async () => {
  const dataDir = join(await dataDirs.makeFolder(), "data");
  const first = await dataDirs.own(dataDir);
  await first.process.kill("SIGKILL");
  process.kill(first.pid, "SIGKILL");
  const second = await dataDirs.own(dataDir);
  expect(second.visits).toBe(2);
  expect(second.pid).not.toBe(first.pid);
});

test("an owner whose server was killed can still be stopped, and the next start recovers", async () => {
  const dataDir = join(await dataDirs.makeFolder(), "data");
  const first = await dataDirs.own(dataDir);
  process.kill(first.pid, "SIGKILL");
  await waitUntil(async () => !(await isRunning(first.pid)), { what: "the server is gone" });
  expect(await first.process.kill("SIGTERM")).toEqual({ exitCode: 0, signal: null });
  expect((await dataDirs.own(dataDir)).visits).toBe(2);
});

test("a leftover postmaster.pid whose process id is now another process's does not block the start", async () => {
  const dataDir = join(await dataDirs.makeFolder(), "data");
  const first = await dataDirs.own(dataDir);
  await first.process.kill("SIGKILL");
  const pidFile = join(dataDir, "postmaster.pid");
  const lines = (await readFile(pidFile, "utf8")).split("\n");
  process.kill(first.pid, "SIGKILL");
  await waitUntil(async () => !(await isRunning(first.pid)), { what: "the server is gone" });
  // This very process: it lives as long as the test.
  await writeFile(pidFile, [String(process.pid), ...lines.slice(1)].join("\n"));
  const second = await dataDirs.own(dataDir);
  expect(second.visits).toBe(2);
  expect((await readPostmasterPid(dataDir))?.pid).toBe(second.pid);
});

test("a signal to the owner's whole process group, as Ctrl-C sends it, does not reach the server", async () => {
  const dataDir = join(await dataDirs.makeFolder(), "data");
  const owner = await dataDirs.own(dataDir, { detached: true });
  process.kill(-owner.process.pid, "SIGINT");
  expect(await owner.process.ended).toEqual({ exitCode: null, signal: "SIGINT" });
  expect((await dataDirs.own(dataDir)).pid).toBe(owner.pid);
});

test("an owner keeps its ownership through a crash of one of the server's sessions", async () => {
  const dataDir = join(await dataDirs.makeFolder(), "data");
  const owner = await dataDirs.own(dataDir);
  const sql = postgres(owner.url, { max: 1, onnotice: () => undefined });
  const rows = await sql<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
  // Postgres answers the death of one session by ending them all, the owner's too.
  process.kill(rows[0]?.pid ?? 0, "SIGKILL");
  await waitUntil(
    async () => {
      const held = await sql`
        SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE locktype = 'advisory' AND application_name = ${`turnpike owner ${owner.process.pid}`}`;
      return held.length === 1;
    },
    { what: "the owner has its lock again" },
  );
  await sql.end({ timeout: 0 });
  const second = dataDirs.launch([dataDir]);
  await second.waitForLine(/^failed: .*another turnpike/);
});
