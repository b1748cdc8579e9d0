/** Workers are replaced one after the other while turns flow. */
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { readSnapshot } from "../support/snapshot.ts";
import type { TestProcess } from "../support/spawn.ts";
import { conversation, turnBody } from "../support/turn-body.ts";
import { waitUntil } from "../support/wait-until.ts";
import { useWorkerProcesses } from "./worker-processes.ts";

const CLEAN_END = { exitCode: 0, signal: null };

describe.each(queueBackends())("three workers that are replaced in turn on $name", (backend) => {
  const workers = useWorkerProcesses(backend);

  it("lose nothing and store nothing twice, and each ends with 0", async () => {
    const org = randomUUID();
    const bodies = Array.from({ length: 15 }, (_unused, session) =>
      conversation({ org, session: `session-${session}`, turns: 12, forkAt: 5 }),
    );
    const running = await Promise.all([workers.start(), workers.start(), workers.start()]);
    const accepting = Promise.all(bodies.map((turns) => workers.accept(org, turns)));
    const replacements: TestProcess[] = [];
    for (const old of running) {
      const before = await workers.countReceipts(org);
      const [end, next] = await Promise.all([old.process.kill("SIGTERM"), workers.start()]);
      expect(end, old.process.output().slice(-2_000)).toEqual(CLEAN_END);
      replacements.push(next.process);
      expect(await workers.countReceipts(org)).toBeGreaterThanOrEqual(before);
    }
    await accepting;
    await workers.settled(org, bodies.flat().length);
    const { sessions } = await readSnapshot(workers.sql, org);
    expect(sessions).toHaveLength(15);
    expect(new Set(sessions.map((session) => session["turn_count"]))).toEqual(new Set(["13"]));
    for (const one of replacements) expect(await one.kill("SIGTERM")).toEqual(CLEAN_END);
  }, 90_000);

  it("give back what does not end in time; another starts it within two seconds", async () => {
    const org = randomUUID();
    const { process } = await workers.start({ env: { SHUTDOWN_DEADLINE_MS: "3000" } });
    // Somebody holds the org's lock: the turn is begun and does not end.
    const holding = await workers.sql.reserve();
    await holding`BEGIN`;
    await holding`LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE`;
    const [turn] = await workers.accept(org, [turnBody({ org })]);
    await waitUntil(
      async () => {
        const [row] = await holding`SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted`;
        return (row?.["n"] as number) > 0;
      },
      { what: "the turn is running" },
    );
    const other = await workers.start();
    const ending = process.kill("SIGTERM");
    await process.waitForLine(/they were given back/);
    const givenBackAt = performance.now();
    await holding`ROLLBACK`;
    holding.release();
    await other.process.waitForLine(new RegExp(`"receipt":"${turn?.receipt}"`), 2_000);
    expect(performance.now() - givenBackAt).toBeLessThan(2_000);
    expect(await ending, process.output().slice(-2_000)).toEqual(CLEAN_END);
    await workers.settled(org, 1);
    await other.process.kill("SIGTERM");
  });
});
