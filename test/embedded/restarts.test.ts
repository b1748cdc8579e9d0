/** An owner that keeps its server up: what ends the server, and what cannot be mended. */
import { once } from "node:events";
import { readdir, rename } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isRunning } from "@turnpike/embedded/is-running";
import { readPostmasterPid } from "@turnpike/embedded/data-dir/postmaster-pid";
import postgres from "postgres";
import { expect, test } from "vitest";
import { waitUntil } from "../support/wait-until.ts";
import { useDataDirs } from "./use-data-dirs.ts";

const dataDirs = useDataDirs();
const env = { KEEP_UP: "1" };

type Owner = Awaited<ReturnType<typeof dataDirs.own>>;

/** Wait for a server other than those named; it answers where the first one did, with all rows. */
async function waitForNext(owner: Owner, ...pids: readonly number[]): Promise<number> {
  let next = 0;
  await waitUntil(
    async () => {
      const found = await readPostmasterPid(owner.dataDir);
      if (found === undefined || pids.includes(found.pid)) return false;
      const sql = postgres(owner.url, {
        max: 1,
        connect_timeout: 1,
        fetch_types: false,
        onnotice: () => undefined,
      });
      let rows: { n?: number }[];
      try {
        rows = await sql`SELECT count(*)::int AS n FROM visit`;
      } finally {
        await sql.end({ timeout: 0 });
      }
      expect(rows[0]?.n).toBe(owner.visits);
      next = found.pid;
      return true;
    },
    { what: "the next server answers" },
  );
  return next;
}

async function waitForLock(owner: Owner): Promise<void> {
  const sql = postgres(owner.url, { max: 1, fetch_types: false, onnotice: () => undefined });
  const held = () => sql`
    SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND application_name = ${`turnpike owner ${owner.process.pid}`}`;
  await waitUntil(async () => (await held()).length === 1, { what: "the owner has its lock again" });
  await sql.end({ timeout: 0 });
}

/** Do something to the server while its owner does not look. */
async function unseen(owner: Owner, act: () => Promise<unknown>): Promise<void> {
  process.kill(owner.process.pid, "SIGSTOP");
  process.kill(owner.pid, "SIGKILL");
  await waitUntil(async () => !(await isRunning(owner.pid)), { what: "the server is gone" });
  await act();
  process.kill(owner.process.pid, "SIGCONT");
}

async function listen(port: number): Promise<Server> {
  const server = createServer((socket) => socket.destroy()).listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

test.each(["SIGKILL", "SIGINT", "SIGQUIT"] as const)(
  "a server that %s ends, twice in a row, is started again on its port with all rows, and stopped in the end",
  async (signal) => {
    const owner = await dataDirs.own(join(await dataDirs.makeFolder(), "data"), { env });
    process.kill(owner.pid, signal);
    const second = await waitForNext(owner, owner.pid);
    process.kill(second, signal);
    const third = await waitForNext(owner, owner.pid, second);
    await waitForLock(owner);
    expect(await owner.process.kill("SIGTERM")).toEqual({ exitCode: 0, signal: null });
    expect(await isRunning(third)).toBe(false);
  },
);

test("a crash of one session is left to the server, which is not started again", async () => {
  const owner = await dataDirs.own(join(await dataDirs.makeFolder(), "data"), { env });
  const sql = postgres(owner.url, { max: 1, fetch_types: false, onnotice: () => undefined });
  const rows = await sql<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
  process.kill(rows[0]?.pid ?? 0, "SIGKILL");
  await sql.end({ timeout: 0 });
  await waitForLock(owner);
  expect((await readPostmasterPid(owner.dataDir))?.pid).toBe(owner.pid);
  expect(owner.process.output()).not.toContain("starting it again");
});

test("an owner that is told to stop while it starts its server again stops that too", async () => {
  const dataDir = join(await dataDirs.makeFolder(), "data");
  for (const afterMs of [0, 20, 80, 200]) {
    const owner = await dataDirs.own(dataDir, { env });
    process.kill(owner.pid, "SIGKILL");
    await delay(afterMs);
    expect(await owner.process.kill("SIGTERM")).toEqual({ exitCode: 0, signal: null });
    const left = await readPostmasterPid(dataDir);
    expect(left !== undefined && left.pid !== owner.pid && (await isRunning(left.pid))).toBe(false);
  }
});

test("a server that is killed while its owner stops it does not come back", async () => {
  const dataDir = join(await dataDirs.makeFolder(), "data");
  const owner = await dataDirs.own(dataDir, { env });
  const ended = owner.process.kill("SIGTERM");
  await delay(30);
  if (await isRunning(owner.pid)) process.kill(owner.pid, "SIGKILL");
  expect(await ended).toEqual({ exitCode: 0, signal: null });
  expect((await dataDirs.own(dataDir)).visits).toBe(2);
});

test("a server that ends again and again is given up with one line", async () => {
  const owner = await dataDirs.own(join(await dataDirs.makeFolder(), "data"), { env });
  const pids = [owner.pid];
  for (let kills = 0; kills < 6; kills += 1) {
    // A server that is killed before its start has ended is started again within the same one.
    await waitForLock(owner);
    process.kill(pids.at(-1) ?? 0, "SIGKILL");
    if (kills < 5) pids.push(await waitForNext(owner, ...pids));
  }
  expect(await owner.process.ended).toEqual({ exitCode: 1, signal: null });
  expect(owner.process.output()).toMatch(/^lost: .* ended 6 times within 5 minutes.* DATABASE_URL .*$/m);
});

test("a port that is taken is waited for, for a while", async () => {
  const owner = await dataDirs.own(join(await dataDirs.makeFolder(), "data"), { env });
  let holder: Server | undefined;
  await unseen(owner, async () => {
    holder = await listen(owner.port);
  });
  await delay(2_000);
  holder?.close();
  const next = await waitForNext(owner, owner.pid);
  await unseen({ ...owner, pid: next }, async () => {
    holder = await listen(owner.port);
  });
  expect(await owner.process.ended).toEqual({ exitCode: 1, signal: null });
  holder?.close();
  expect(owner.process.output()).toMatch(
    new RegExp(`^lost: .* cannot be started again: .*port ${owner.port} is taken by another program.*$`, "m"),
  );
}, 120_000);

test("a folder that is gone is named, and none is made in its place", async () => {
  const folder = await dataDirs.makeFolder();
  const owner = await dataDirs.own(join(folder, "data"), { env });
  await unseen(owner, () => rename(owner.dataDir, `${owner.dataDir}-away`));
  expect(await owner.process.ended).toEqual({ exitCode: 1, signal: null });
  expect(owner.process.output()).toMatch(/^lost: .*its folder is gone.*$/m);
  expect(await readdir(dirname(owner.dataDir))).not.toContain("data");
});

test("an owner whose folder another has taken over meanwhile says so and leaves it alone", async () => {
  const owner = await dataDirs.own(join(await dataDirs.makeFolder(), "data"), { env });
  let next: Owner | undefined;
  await unseen(owner, async () => {
    next = await dataDirs.own(owner.dataDir, { env });
  });
  expect(await owner.process.ended).toEqual({ exitCode: 1, signal: null });
  expect(owner.process.output()).toMatch(
    new RegExp(
      `^lost: another turnpike has taken .* over: another turnpike \\(pid ${next?.process.pid}\\).*$`,
      "m",
    ),
  );
  expect(await isRunning(next?.pid ?? 0)).toBe(true);
  expect(next?.process.output()).not.toContain("starting it again");
});

test("of an owner whose server is killed and another that starts at that moment exactly one goes on", async () => {
  for (let round = 0; round < 3; round += 1) {
    const first = await dataDirs.own(join(await dataDirs.makeFolder(), "data"), { env });
    process.kill(first.pid, "SIGKILL");
    const second = dataDirs.launch([first.dataDir], { env });
    const secondRuns = await second
      .waitForLine(/^(ready|failed): .*$/)
      .then(([, outcome]) => outcome === "ready");
    if (secondRuns) expect(await first.process.ended).toMatchObject({ exitCode: 1 });
    else {
      expect(await second.ended).toMatchObject({ exitCode: 1 });
      await waitForNext(first, first.pid);
      await waitForLock(first);
    }
    await (secondRuns ? second : first.process).kill("SIGTERM");
  }
});
