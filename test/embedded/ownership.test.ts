import { join } from "node:path";
import { startEmbeddedPostgres } from "@turnpike/embedded/start-embedded-postgres";
import { expect, test } from "vitest";
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
    await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(
      `another turnpike (pid ${process.pid}) uses ${dataDir}`,
    );
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
