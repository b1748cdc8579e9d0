import { randomUUID } from "node:crypto";
import { AppError } from "@turnpike/domain/errors";
import { describe, expect, inject, it } from "vitest";
import { listShards } from "@turnpike/queue/shards/shards";
import { createDeadLetters } from "@turnpike/store/dead-letters/dead-letters";
import { clusterBackends, queueBackends } from "../support/backends.ts";
import { bundleOf } from "../support/bundle-of.ts";
import { createTestDatabase } from "../support/database.ts";
import { runCommand } from "../support/run-command.ts";
import { useProcesses } from "../support/spawn.ts";
import { waitUntil } from "../support/wait-until.ts";
import { giveUpJobs } from "./give-up-jobs.ts";
import { acceptedTurn, enqueueWhenUp, useQueue } from "./queue-fixture.ts";
import { useShards } from "./shards-fixture.ts";

const ORG = "11111111-1111-4111-8111-111111111111";
const OTHER_ORG = "22222222-2222-4222-8222-222222222222";
const REASON = "store_unavailable: database: 28P01";

const processes = useProcesses();

describe.each(queueBackends())("jobs that the queue gave up on $name", (backend) => {
  const queue = useQueue(backend);

  const envOf = ({ redisUrl, databaseUrl, prefix } = queue.location) => ({
    REDIS_URL: redisUrl,
    DATABASE_URL: databaseUrl,
    QUEUE_PREFIX: prefix,
  });
  const recover = (...args: readonly string[]) => runCommand(["queue", "recover", ...args], { env: envOf() });
  /** Some travel together, some alone. */
  const giveUp = async (count: number, orgId = ORG) => {
    const turns = Array.from({ length: count }, (_unused, index) => acceptedTurn(`{"n":${index}}`, orgId));
    await enqueueWhenUp(queue.produce(), turns);
    await giveUpJobs(queue.location, REASON);
    return turns;
  };
  const consumeAll = () => {
    const bodies = new Map<string, string[]>();
    queue.consume(async ({ receipt, body }) => {
      bodies.set(receipt, [...(bodies.get(receipt) ?? []), body.toString()]);
    });
    return bodies;
  };
  const failedCount = async () => (await queue.countJobs())["failed"] ?? 0;

  it("are listed by reason, and left alone, when it is only tried out", async () => {
    await giveUp(20);
    const failed = await failedCount();
    const snapshot = await queue.findReceipts().snapshot();
    expect(new Set(snapshot.failedIds)).toEqual(new Set(snapshot.jobIds));
    expect(snapshot.failedIds).toHaveLength(20);
    const { stdout, exitCode } = await recover("--dry-run");
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`${failed} jobs would wait again. Nothing was done.`);
    expect(stdout).toContain(`${failed} ${REASON}`);
    expect(await failedCount()).toBe(failed);
    expect((await recover("--dry-run", "--org", OTHER_ORG)).stdout).toContain("Nothing to recover");
    expect((await recover("--dry-run", "--code", "internal")).stdout).toContain("Nothing to recover");
  });

  it("come back whole, as if never tried, while a worker runs, though it is done twice at once", async () => {
    const turns = await giveUp(40);
    const [first] = turns;
    const receipts = queue.findReceipts();
    expect(await receipts.findReceipt(ORG, first?.receipt ?? "")).toMatchObject({
      state: "dead",
      reason: REASON,
    });
    const bodies = consumeAll();
    const failed = await failedCount();
    const results = await Promise.all([recover("--json"), recover("--json")]);
    const recovered = results.map(({ stdout }) => (JSON.parse(stdout) as { recovered: number }).recovered);
    expect(recovered.reduce((sum, count) => sum + count, 0)).toBe(failed);
    await waitUntil(() => bodies.size === turns.length, { what: "all are handled" });
    for (const { receipt, body } of turns) expect(bodies.get(receipt)).toEqual([body]);
    expect(await failedCount()).toBe(0);
    expect((await receipts.snapshot()).failedIds).toEqual([]);
  });

  it("come back once each, though the command is killed in the middle and run again", async () => {
    const turns = Array.from({ length: 400 }, () => acceptedTurn("{}", randomUUID()));
    await enqueueWhenUp(queue.produce(), turns);
    await giveUpJobs(queue.location, REASON);
    const failed = await failedCount();
    const cut = processes.start(bundleOf("turnpike"), { args: ["queue", "recover"], env: envOf() });
    // In a loop without a pause: all of them take a moment only.
    while ((await failedCount()) === failed);
    await cut.kill("SIGKILL");
    const left = await failedCount();
    expect(left).toBeGreaterThan(0);
    const handled: string[] = [];
    queue.consume(async ({ receipt }) => void handled.push(receipt));
    expect((await recover()).stdout).toContain(`${left} jobs wait again.`);
    await waitUntil(() => handled.length >= turns.length, { what: "all are handled" });
    expect(handled.toSorted()).toEqual(turns.map(({ receipt }) => receipt).toSorted());
    expect(await failedCount()).toBe(0);
  });

  it("are in the queue again for whoever asks for their receipts, with no attempt made", async () => {
    const [turn] = await giveUp(1);
    await recover();
    expect(await queue.findReceipts().findReceipt(ORG, turn?.receipt ?? "")).toEqual({
      state: "queued",
      attempts: 0,
    });
  });

  it("come back in part where that is wanted, and the rest by the same command again", async () => {
    await Promise.all(Array.from({ length: 5 }, (_unused, index) => giveUp(1, index < 3 ? ORG : OTHER_ORG)));
    const failed = await failedCount();
    expect((await recover("--org", OTHER_ORG)).stdout).toContain("2 jobs wait again.");
    expect((await recover("--limit", "1")).stdout).toContain("1 jobs wait again.");
    expect(await failedCount()).toBe(failed - 3);
    await recover();
    expect(await failedCount()).toBe(0);
  });

  it("whose id is none of ours are left alone: they would fail again", async () => {
    await queue.putRaw("somebody-elses", {});
    await giveUpJobs(queue.location, REASON);
    const { stdout } = await recover();
    expect(stdout).toContain("Nothing to recover. 1 more are none of Turnpike's");
    expect(await failedCount()).toBe(1);
  });

  it("whose body is gone end as dead letters", async () => {
    const { orgId, receipt } = acceptedTurn();
    await queue.putRaw(`${orgId}_${receipt}`, {
      v: 3,
      orgId,
      receipt,
      requestId: "r",
      acceptedAt: "2026-11-30T12:00:00Z",
      bytes: 7,
      encoding: "identity",
    });
    await giveUpJobs(queue.location, REASON);
    queue.consume(async () => {
      throw new AppError("internal", "never called");
    });
    await recover();
    const letter = await waitUntil(() => queue.letters()[0], { what: "its letter" });
    expect(letter).toMatchObject({ receipt, code: "unreadable_job", isWhole: false });
  });

  it("come back with a note in the audit log, or without one where that cannot be reached", async () => {
    await giveUp(1);
    const database = await createTestDatabase();
    const isOnPostgres = backend.name === "postgres";
    const url = isOnPostgres ? (queue.location.databaseUrl ?? "") : database.url;
    const env = { ...envOf(), DATABASE_URL: url };
    const letters = createDeadLetters({ url, maxConnections: 1 });
    try {
      const { stdout } = await runCommand(["queue", "recover"], { env });
      expect(stdout).toContain("1 jobs wait again.");
      const { items } = await letters.listAudit({ orgId: undefined, limit: 10 });
      expect(items.map(({ action }) => action)).toEqual(["queue.recover", "queue.recover_begun"]);
      expect(items[0]).toMatchObject({ details: { recovered: 1 } });
    } finally {
      await letters.close();
      await database.drop();
    }
    if (isOnPostgres) return;
    await giveUpJobs(queue.location, REASON);
    const away = new URL(inject("postgresUrl"));
    away.port = "1";
    const unheard = await runCommand(["queue", "recover"], { env: { ...envOf(), DATABASE_URL: away.href } });
    expect(unheard.stdout).toContain("1 jobs wait again.");
    expect(unheard.stderr).toContain("queue.recover is not in the audit log: database: ECONNREFUSED");
  });
});

describe.each(clusterBackends())("jobs that a queue of $shards shards gave up", (backend) => {
  const queue = useShards(() => backend);

  it("come back whichever shard they are on, and each is looked at by its org", async () => {
    const turns = Array.from({ length: 24 }, () => acceptedTurn("{}", randomUUID()));
    await enqueueWhenUp(queue.produce(), turns);
    const shards = listShards(queue.location);
    for (const shard of shards) await giveUpJobs(shard, REASON);
    const env = {
      REDIS_URL: queue.location.redisUrl,
      QUEUE_PREFIX: queue.location.prefix,
      QUEUE_SHARDS: String(shards.length),
    };
    const recover = (...args: readonly string[]) => runCommand(["queue", "recover", ...args], { env });
    expect((await recover("--dry-run")).stdout).toContain("24 jobs would wait again.");
    expect((await recover("--org", turns[0]?.orgId ?? "")).stdout).toContain("1 jobs wait again.");
    expect((await recover("--limit", "20")).stdout).toContain("20 jobs wait again.");
    expect((await recover()).stdout).toContain("3 jobs wait again.");
    const handled: string[] = [];
    queue.consume(async ({ receipt }) => void handled.push(receipt));
    await waitUntil(() => handled.length >= turns.length, { what: "all are handled" });
    expect(handled.toSorted()).toEqual(turns.map(({ receipt }) => receipt).toSorted());
  });
});
