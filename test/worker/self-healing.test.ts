/** Workers whose servers fall silent: connections that lead nowhere are replaced, and a worker that cannot be helped ends. */
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { conversation, turnBody } from "../support/turn-body.ts";
import { waitUntil } from "../support/wait-until.ts";
import { useWorkerProcesses } from "./worker-processes.ts";

const PROGRESS_TIMEOUT_MS = 2_000;
const impatient = { behindProxy: true, env: { PROGRESS_TIMEOUT_MS: String(PROGRESS_TIMEOUT_MS) } };

/** Read one metric without labels. */
async function readMetric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name}\\{[^}]*\\} (\\S+)$`, "m").exec(text)?.[1]);
}

describe.each(queueBackends())("a worker on $name", (backend) => {
  const workers = useWorkerProcesses(backend);

  it("whose servers hang for longer than it waits replaces its connections, and goes on when they are back", async () => {
    const org = randomUUID();
    const { process, url } = await workers.start(impatient);
    const bodies = conversation({ org, turns: 120 });
    const accepting = workers.accept(org, bodies);
    const isSeenAtWork = async (): Promise<boolean> =>
      (await workers.countReceipts(org)) > 3 &&
      (await readMetric(url, "turnpike_worker_seconds_since_progress")) > 0;
    await waitUntil(isSeenAtWork, { what: "it is at work, and its watchdog has seen that" });
    workers.databaseProxy.hang();
    workers.redisProxy?.hang();
    await process.waitForLine(/worker_rebuilt/);
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(503);
    expect(((await ready.json()) as { detail: string }).detail).toContain("queue, store");
    expect(await readMetric(url, "turnpike_worker_seconds_since_progress")).toBeGreaterThan(1);
    await workers.databaseProxy.resume();
    await workers.redisProxy?.resume();
    await accepting;
    await workers.settled(org, bodies.length).catch((cause: unknown) => {
      throw new Error(`not all were stored:\n${process.output().slice(-6_000)}`, { cause });
    });
    await waitUntil(async () => (await fetch(`${url}/readyz`)).status === 200, { what: "it is ready again" });
    expect(process.output()).not.toContain("worker_wedged");
    await process.kill("SIGTERM");
  }, 120_000);

  it("that is stopped itself for longer than its locks last goes on, and stores each turn once", async () => {
    const org = randomUUID();
    const { process } = await workers.start();
    const bodies = conversation({ org, turns: 60 });
    const accepting = workers.accept(org, bodies);
    await waitUntil(async () => (await workers.countReceipts(org)) > 3, { what: "it is at work" });
    globalThis.process.kill(process.pid, "SIGSTOP");
    const other = await workers.start();
    await accepting;
    await waitUntil(async () => (await workers.countReceipts(org)) >= bodies.length - 16, {
      what: "another does the rest",
      timeoutMs: 60_000,
    });
    globalThis.process.kill(process.pid, "SIGCONT");
    await workers.settled(org, bodies.length);
    const [session] = await workers.sql`SELECT turn_count::int AS n FROM sessions WHERE org_id = ${org}`;
    expect(session?.["n"]).toBe(bodies.length);
    for (const one of [process, other.process]) expect((await one.kill("SIGTERM")).exitCode).toBe(0);
  }, 120_000);

  // With both in one database, a store that hangs is a queue that hangs: nothing is gained by a new process then.
  if (backend.name === "redis") {
    it("that no new connection helps ends with 1", async () => {
      const org = randomUUID();
      const { process } = await workers.start({ ...impatient, env: { ...impatient.env, CONCURRENCY: "2" } });
      workers.databaseProxy.hang();
      await workers.accept(
        org,
        Array.from({ length: 8 }, (_unused, turn) => turnBody({ org, session: `session-${turn}` })),
      );
      await process.waitForLine(/worker_rebuilt/);
      await process.waitForLine(/worker_wedged/);
      expect((await process.ended).exitCode).toBe(1);
      await workers.databaseProxy.resume();
      await workers.start();
      await workers.settled(org, 8);
    }, 120_000);
  }
});
