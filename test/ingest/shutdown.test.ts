import { describe, expect, it } from "vitest";
import { useProcesses } from "../support/spawn.ts";

const processes = useProcesses();

async function start(...args: string[]) {
  const child = processes.start(new URL("./stop-fixture.ts", import.meta.url), { args });
  await child.waitForLine(/^ready/);
  return child;
}

describe("a process that is told to stop", () => {
  it.each<[string, NodeJS.Signals, number]>([
    ["clean", "SIGTERM", 0],
    ["clean", "SIGINT", 0],
    ["cut", "SIGTERM", 1],
    ["failing", "SIGTERM", 1],
  ])("ends a %s stop by %s with exit code %i, after every step", async (manner, signal, exitCode) => {
    const child = await start(manner);
    expect(await child.kill(signal)).toEqual({ exitCode, signal: null });
    expect(child.output()).toContain("second step");
  });

  it("exits with 1 when the deadline passes", async () => {
    const child = await start("hanging", "50");
    expect(await child.kill("SIGTERM")).toEqual({ exitCode: 1, signal: null });
    expect(child.output()).not.toContain("second step");
  });

  it.each<[NodeJS.Signals, number]>([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ])("exits at once on a second %s with %i", async (signal, exitCode) => {
    const child = await start("hanging");
    process.kill(child.pid, "SIGTERM");
    await child.waitForLine(/shutdown_begun/);
    expect(await child.kill(signal)).toEqual({ exitCode, signal: null });
  });
});
