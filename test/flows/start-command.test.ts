/** `turnpike start` and `demo` as a person runs them: real processes, a real Postgres of their own, real signals. */
import { randomUUID } from "node:crypto";
import { chmod, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isRunning } from "@turnpike/embedded/is-running";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { type CommandOptions, runCommand } from "../support/run-command.ts";
import { type TestProcess, useProcesses } from "../support/spawn.ts";
import { conversation, turnBody } from "../support/turn-body.ts";
import { waitUntil } from "../support/wait-until.ts";

// Its own PostgreSQL is a package, which a bundle does not hold.
const COMMAND = fileURLToPath(new URL("../../apps/turnpike/bin/turnpike.js", import.meta.url));
const ANY_PORT = ["--ingest-port", "0", "--timeline-port", "0"];

const processes = useProcesses();
const run = (args: readonly string[], options: CommandOptions = {}) =>
  runCommand(args, { ...options, command: COMMAND });
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "turnpike-start-"));
  await chmod(folder, 0o711);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
});

interface Running {
  readonly process: TestProcess;
  readonly ingest: string;
  readonly timeline: string;
}

async function start(dataDir: string, env: Readonly<Record<string, string>> = {}): Promise<Running> {
  const process = processes.start(COMMAND, {
    args: ["start", "--json", "--data-dir", dataDir, ...ANY_PORT],
    env: { DATABASE_URL: undefined, REDIS_URL: undefined, ...env },
  });
  const [line] = await process.waitForLine(/^\{"ready":true.*/, 50_000);
  return { process, ...(JSON.parse(line) as { ingest: string; timeline: string }) };
}

async function post(running: Running, body: string): Promise<number> {
  const answer = await fetch(`${running.ingest}/v1/ingest`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  return answer.status;
}

interface SessionItem {
  readonly harnessSessionId: string;
  readonly turnCount: number;
}

/** Every session, page by page; none while the database is away. */
async function readSessions(running: Running): Promise<SessionItem[]> {
  const sessions: SessionItem[] = [];
  let cursor = "";
  do {
    const answer = await fetch(`${running.timeline}/v1/sessions?limit=100${cursor && `&cursor=${cursor}`}`);
    if (!answer.ok) return [];
    const page = (await answer.json()) as { items: SessionItem[]; nextCursor: string | null };
    sessions.push(...page.items);
    cursor = encodeURIComponent(page.nextCursor ?? "");
  } while (cursor !== "");
  return sessions;
}

async function listSessions(running: Running): Promise<string[]> {
  return (await readSessions(running)).map(({ harnessSessionId }) => harnessSessionId);
}

async function countTurns(running: Running): Promise<number> {
  return (await readSessions(running)).reduce((sum, session) => sum + session.turnCount, 0);
}

async function waitForTurns(running: Running, count: number): Promise<void> {
  await waitUntil(async () => (await countTurns(running)) === count, {
    what: `${count} turns are stored`,
    timeoutMs: 60_000,
  });
}

/** The pid of the server of a data directory, from the first line of its own file. */
async function postgresPid(dataDir: string): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, "postgres", "postmaster.pid"), "utf8"), 10);
}

describe("turnpike start", () => {
  it("Ctrl-C stops everything, Postgres included, and the next start finds the data again", async () => {
    const dataDir = join(folder, "again");
    const first = await start(dataDir);
    expect(await post(first, turnBody())).toBe(202);
    await waitForTurns(first, 1);
    const pid = await postgresPid(dataDir);
    await expect(first.process.kill("SIGINT")).resolves.toMatchObject({ exitCode: 0 });
    // A first start finds nothing of the queue yet; that is no reason to warn.
    expect(first.process.output()).not.toMatch(/warn|not reachable|"level":[456]0/);
    expect(await isRunning(pid)).toBe(false);

    const second = await start(dataDir);
    expect(await countTurns(second)).toBe(1);
    await expect(second.process.kill("SIGTERM")).resolves.toMatchObject({ exitCode: 0 });
  });

  it("a kill -9 loses no accepted turn: the next start works off what was left", async () => {
    const dataDir = join(folder, "killed");
    const bodies = conversation({ turns: 40 });
    const first = await start(dataDir);
    const statuses = await Promise.all(bodies.map((body) => post(first, body)));
    expect(new Set(statuses)).toEqual(new Set([202]));
    await first.process.kill("SIGKILL");

    const second = await start(dataDir);
    await waitForTurns(second, bodies.length);
    // The database server of the first one dies with the second one this time, both at once.
    process.kill(await postgresPid(dataDir), "SIGKILL");
    await second.process.kill("SIGKILL");

    const third = await start(dataDir);
    expect(await countTurns(third)).toBe(bodies.length);
    expect(await post(third, bodies[0] as string)).toBe(202);
    await expect(third.process.kill("SIGINT")).resolves.toMatchObject({ exitCode: 0 });
  }, 150_000);

  it("a Postgres of its own that is killed is started again, twice, and no accepted turn is lost", async () => {
    const dataDir = join(folder, "revived");
    const running = await start(dataDir);
    const accepted: string[] = [];
    let isOver = false;
    const posting = (async () => {
      for (let turn = 0; !isOver; turn += 1) {
        const session = `session-${turn}`;
        if ((await post(running, turnBody({ session }))) === 202) accepted.push(session);
      }
    })();
    const acceptSome = async (): Promise<void> => {
      const before = accepted.length;
      await waitUntil(() => accepted.length > before + 10, { what: "turns are accepted", timeoutMs: 60_000 });
    };
    for (let kills = 0; kills < 2; kills += 1) {
      await acceptSome();
      process.kill(await postgresPid(dataDir), "SIGKILL");
    }
    await acceptSome();
    isOver = true;
    await posting;
    await waitUntil(async () => (await countTurns(running)) >= accepted.length, {
      what: "every accepted turn is stored",
      timeoutMs: 60_000,
    });
    const stored = new Set(await listSessions(running));
    expect(accepted.filter((session) => !stored.has(session))).toEqual([]);
    expect(running.process.output().match(/starting it again/g)).toHaveLength(2);
    await expect(running.process.kill("SIGINT")).resolves.toMatchObject({ exitCode: 0 });
    await expect(postgresPid(dataDir)).rejects.toMatchObject({ code: "ENOENT" });
  }, 180_000);

  it("ends with one line when its Postgres cannot be started again, and the next start has every turn", async () => {
    const dataDir = join(folder, "unmendable");
    const running = await start(dataDir);
    expect(await post(running, turnBody())).toBe(202);
    const data = join(dataDir, "postgres");
    process.kill(running.process.pid, "SIGSTOP");
    process.kill(await postgresPid(dataDir), "SIGKILL");
    await rename(data, `${data}-away`);
    const before = running.process.output().length;
    process.kill(running.process.pid, "SIGCONT");
    expect((await running.process.ended).exitCode).toBe(1);
    const lines = running.process.output().slice(before).trimEnd().split("\n");
    expect(lines.at(-1)).toMatch(
      /^turnpike: the PostgreSQL in .* cannot be started again: its folder is gone/,
    );

    await rename(`${data}-away`, data);
    const next = await start(dataDir);
    await waitForTurns(next, 1);
    await next.process.kill("SIGINT");
  }, 120_000);

  it("a second start on a data directory that is in use says so and leaves the first alone", async () => {
    const dataDir = join(folder, "shared");
    const first = await start(dataDir);
    const second = await run(["start", "--data-dir", dataDir, ...ANY_PORT]);
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toContain("another turnpike");
    expect(await post(first, turnBody())).toBe(202);
    await waitForTurns(first, 1);
    await expect(first.process.kill("SIGINT")).resolves.toMatchObject({ exitCode: 0 });
  });

  it("a port that is in use is named, and nothing is left running", async () => {
    const dataDir = join(folder, "port");
    const first = await start(join(folder, "port-holder"));
    const port = new URL(first.ingest).port;
    const second = await run(["start", "--data-dir", dataDir, "--ingest-port", port, "--timeline-port", "0"]);
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toContain(port);
    await expect(postgresPid(dataDir)).rejects.toMatchObject({ code: "ENOENT" });
    await first.process.kill("SIGINT");
  });

  it("reads the apps' own variables by the apps' own rules", async () => {
    const dataDir = join(folder, "configured");
    const refused = await run(["start", "--data-dir", dataDir, ...ANY_PORT], {
      env: { CONCURRENCY: "abc", DATABASE_POOL: "0", MAX_DECODED_BYTES: "x", PROGRESS_TIMEOUT_MS: "-1" },
    });
    expect(refused).toEqual({
      exitCode: 1,
      stdout: "",
      stderr:
        "turnpike: the configuration is not valid: MAX_DECODED_BYTES must be a whole number from 1024 to 268435456; " +
        "CONCURRENCY must be a whole number from 1 to 1000; DATABASE_POOL must be a whole number from 1 to 200; " +
        "PROGRESS_TIMEOUT_MS must be a whole number from 1000 to 3600000\n",
    });
    const running = await start(dataDir, {
      CONCURRENCY: "3",
      MAX_DECODED_BYTES: "2048",
      LOG_LEVEL: "info",
    });
    expect(running.process.output()).toMatch(/"worker_started".*"concurrency":3\b/);
    expect(await post(running, turnBody({ answer: "x".repeat(4_096) }))).toBe(413);
    await running.process.kill("SIGTERM");
  });

  it("a database or a Redis that does not answer is named without its password", async () => {
    const database = await run(["start", ...ANY_PORT], {
      env: { DATABASE_URL: "postgres://me:secret@127.0.0.1:1/db" },
    });
    expect(database).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("127.0.0.1:1") });
    const redis = await run(["start", "--data-dir", join(folder, "no-redis"), ...ANY_PORT], {
      env: { REDIS_URL: "redis://:secret@127.0.0.1:1" },
    });
    expect(redis).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("127.0.0.1:1") });
    expect(database.stderr + redis.stderr).not.toContain("secret");
  });
});

describe("turnpike demo --once", () => {
  it.each([
    ["with a Postgres of its own", false],
    ["with DATABASE_URL and, where there is one, REDIS_URL", true],
  ])("prints the conversation's timeline and exits 0, %s", async (_name, isGiven) => {
    const database = isGiven ? await createTestDatabase() : undefined;
    const { exitCode, stdout } = await run(
      ["demo", "--once", "--data-dir", join(folder, `demo-${isGiven}`), ...ANY_PORT],
      {
        env: {
          DATABASE_URL: database?.url,
          REDIS_URL: isGiven ? inject("redisUrl") : undefined,
          QUEUE_PREFIX: `demo-${randomUUID()}`,
        },
      },
    );
    await database?.drop();
    expect(exitCode).toBe(0);
    expect(stdout).toContain("7 turns posted: 6 stored, 1 known already.");
    expect(stdout).toMatch(/tool_call_failed/);
    expect(stdout).toMatch(/5 turns, 7,812 input and 336 output tokens, \$0\.013522/);
    expect(stdout).toMatch(/1 turns?, 420 input and 44 output tokens/);
    expect(stdout).toContain("/v1/sessions");
  });
});
