import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { startEmbeddedPostgres } from "@turnpike/embedded/start-embedded-postgres";
import { isRunning } from "@turnpike/embedded/is-running";
import postgres from "postgres";
import { expect, test } from "vitest";
import { useDataDirs } from "./use-data-dirs.ts";

const dataDirs = useDataDirs();

test("the first start makes a database, and the second start finds its rows", async () => {
  const folder = await dataDirs.makeFolder();
  const dataDir = join(folder, "not", "there", "yet");
  const first = await dataDirs.own(dataDir);
  expect(first.visits).toBe(1);
  expect(first.url).toBe(`postgres://postgres@127.0.0.1:${first.port}/turnpike`);
  expect(await first.process.kill("SIGTERM")).toEqual({ exitCode: 0, signal: null });
  expect(await isRunning(first.pid)).toBe(false);
  const second = await dataDirs.own(dataDir);
  expect(second.visits).toBe(2);
  expect(await readdir(join(folder, "not", "there"))).toEqual(["yet", "yet.log"]);
});

test.each([
  ["spaces and letters beyond ASCII", "my dätä 数据 🐘"],
  ["characters that mean something to a shell", "a'b\"c $HOME `id` \\ & ; %41 #"],
])("a path may hold %s", async (_, name) => {
  const dataDir = join(await dataDirs.makeFolder(), name);
  const first = await dataDirs.own(dataDir);
  expect(first.dataDir).toBe(dataDir);
  await first.process.kill("SIGTERM");
  expect((await dataDirs.own(dataDir)).visits).toBe(2);
});

test("settings reach the server, whatever characters they hold", async () => {
  const dataDir = join(await dataDirs.makeFolder(), "data");
  const settings = { max_connections: "17", "turnpike.note": "it's $HOME" };
  const server = await startEmbeddedPostgres({ dataDir, settings });
  const sql = postgres(server.url, { max: 1 });
  try {
    const rows =
      await sql`SELECT current_setting('max_connections') AS a, current_setting('turnpike.note') AS b`;
    expect(rows).toMatchObject([{ a: "17", b: "it's $HOME" }]);
  } finally {
    await sql.end();
    await server.stop();
  }
});

test("stopping ends the sessions that are open, and stopping twice is once", async () => {
  const dataDir = join(await dataDirs.makeFolder(), "data");
  const server = await startEmbeddedPostgres({ dataDir });
  const sql = postgres(server.url, { max: 1 });
  await sql`SELECT 1`;
  await Promise.all([server.stop(), server.stop()]);
  await server.stop();
  expect(await isRunning(server.pid)).toBe(false);
  await sql.end({ timeout: 0 });
});

test("a setting that the server refuses is told in one line", async () => {
  const dataDir = join(await dataDirs.makeFolder(), "data");
  await expect(startEmbeddedPostgres({ dataDir, settings: { shared_buffers: "plenty" } })).rejects.toThrow(
    /did not start in .*: invalid value for parameter "shared_buffers": "plenty" \(log: .*data\.log\)$/,
  );
});
