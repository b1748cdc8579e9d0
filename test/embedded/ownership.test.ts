import { join } from "node:path";
import { startEmbeddedPostgres } from "@turnpike/embedded/start-embedded-postgres";
import postgres from "postgres";
import { expect, test } from "vitest";
import { waitUntil } from "../support/wait-until.ts";
import { useDataDirs } from "./use-data-dirs.ts";

const dataDirs = useDataDirs();

test("a second owner fails with the first one's process id, and leaves the server alone", async () => {
  const dataDir = join(await dataDirs.makeFolder(), "data");
  const first = await dataDirs.own(dataDir);
  const second = dataDirs.launch([dataDir]);
  const [line] = await second.waitForLine(/^failed: .*$/);
  expect(line).toContain(`another turnpike (pid ${first.process.pid}) uses ${dataDir}`);
  expect(await second.ended).toEqual({ exitCode: 1, signal: null });
  await first.process.kill("SIGTERM");
  expect((await dataDirs.own(dataDir)).visits).toBe(2);
});

test("the same process cannot own a data directory twice", async () => {
  const dataDir = join(await dataDirs.makeFolder(), "data");
  const server = await startEmbeddedPostgres({ dataDir });
  try {
    await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(`this process uses ${dataDir} already`);
  } finally {
    await server.stop();
  }
});

test("of owners that make the first start together exactly one wins", async () => {
  const dataDir = join(await dataDirs.makeFolder(), "data");
  const contenders = [1, 2, 3].map(() => dataDirs.launch([dataDir]));
  const lines = await Promise.all(contenders.map((one) => one.waitForLine(/^(ready|failed): .*$/)));
  expect(lines.filter(([, kind]) => kind === "ready")).toHaveLength(1);
  const losers = lines.filter(([, kind]) => kind === "failed");
  expect(losers.filter(([line]) => line.includes("another turnpike"))).toHaveLength(2);
  const winner = contenders[lines.findIndex(([, kind]) => kind === "ready")];
  expect(await winner?.kill("SIGTERM")).toEqual({ exitCode: 0, signal: null });
});

test("whoever starts at the moment in which the owner is killed gets the folder, each time", async () => {
  const dataDir = join(await dataDirs.makeFolder(), "data");
  let owner = await dataDirs.own(dataDir);
  for (let round = 0; round < 4; round += 1) {
    const next = dataDirs.own(dataDir);
    // Once the next one waits for it.
    await waitForContender(owner.url);
    process.kill(owner.process.pid, "SIGKILL");
    const { pid } = owner;
    owner = await next;
    expect(owner.pid).toBe(pid);
  }
});

test("a folder can be had again by the process that has just given it back, and by nobody twice at once", async () => {
  const dataDir = join(await dataDirs.makeFolder(), "data");
  const starts = await Promise.allSettled([1, 2].map(() => startEmbeddedPostgres({ dataDir })));
  const won = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  const [lost] = starts.flatMap((start) => (start.status === "rejected" ? [start.reason as Error] : []));
  expect(won).toHaveLength(1);
  expect(lost?.message).toBe(`this process uses ${dataDir} already.`);
  for (let round = 0; round < 3; round += 1) {
    await won.pop()?.stop();
    won.push(await startEmbeddedPostgres({ dataDir }));
  }
  await won[0]?.stop();
});

/** Wait until two processes want to own the server behind a URL. */
async function waitForContender(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  const count = async (): Promise<number> => {
    const rows = await sql`
      SELECT count(DISTINCT application_name)::int AS n FROM pg_stat_activity WHERE application_name LIKE 'turnpike owner %'`;
    return rows[0]?.["n"] as number;
  };
  await waitUntil(async () => (await count()) === 2, { what: "another wants the folder" });
  await sql.end({ timeout: 0 });
}
