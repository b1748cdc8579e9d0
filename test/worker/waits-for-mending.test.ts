/** What no change of a turn can cure: somebody breaks it, turns wait, somebody mends it, and every turn is stored. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBackend } from "@turnpike/queue/backend/open-backend";
import { INGEST_QUEUE } from "@turnpike/queue/job/payload";
import type { TestBackend } from "../support/backends.ts";
import { MAX_COUNTED_ATTEMPTS } from "@turnpike/queue/job/retry-policy";
import { queueBackends } from "../support/backends.ts";
import { conversation } from "../support/turn-body.ts";
import { waitUntil } from "../support/wait-until.ts";
import { makeOwnRedisUser, makeOwnRole, type OwnRedisUser, type OwnRole } from "./own-role.ts";
import { useWorkerProcesses } from "./worker-processes.ts";

const TURNS = 4;
// Twice as many as are ever held against a turn: of each of them that would be.
const ATTEMPTS = 60 * TURNS;
const IMPATIENT = { RETRY_MAX_DELAY_MS: "100", CONCURRENCY: "32" };
const SCHEMAS = ["public", "bullmq", "turnpike_queue"];

const raise = (sqlState: string, table = "turns", when = "true"): string => `
  CREATE OR REPLACE FUNCTION break_it() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN IF ${when} THEN RAISE EXCEPTION 'broken' USING ERRCODE = '${sqlState}'; END IF; RETURN NEW; END $$;
  CREATE OR REPLACE TRIGGER break_it BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION break_it()`;
const FORGET_PREPARED = `
  CREATE OR REPLACE FUNCTION break_it() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN EXECUTE 'DEALLOCATE ALL'; RETURN NEW; END $$;
  CREATE OR REPLACE TRIGGER break_it BEFORE INSERT ON nodes FOR EACH ROW EXECUTE FUNCTION break_it()`;
const UNBREAK = "DROP FUNCTION IF EXISTS break_it() CASCADE";

interface Breakage {
  readonly name: string;
  readonly breakIt: (role: string) => string;
  readonly mendIt: (role: string) => string;
  /** What a worker says of its attempts; a worker that is kept from the queue as well makes none. */
  readonly outcome: "store_unavailable" | "store_failed";
  readonly keepsFromQueue?: boolean;
}

const breakages: readonly Breakage[] = [
  {
    name: "a role without login (28000)",
    breakIt: (role) => `ALTER ROLE ${role} NOLOGIN`,
    mendIt: (role) => `ALTER ROLE ${role} LOGIN`,
    outcome: "store_unavailable",
    keepsFromQueue: true,
  },
  {
    name: "a password that was changed (28P01)",
    breakIt: (role) => `ALTER ROLE ${role} PASSWORD 'second'`,
    mendIt: (role) => `ALTER ROLE ${role} PASSWORD 'first'`,
    outcome: "store_unavailable",
    keepsFromQueue: true,
  },
  {
    name: "a GRANT that was lost (42501)",
    breakIt: (role) => `REVOKE INSERT ON turns FROM ${role}`,
    mendIt: (role) => `GRANT INSERT ON turns TO ${role}`,
    outcome: "store_unavailable",
  },
  {
    name: "a table that is not there yet (42P01)",
    breakIt: () => "ALTER TABLE turns RENAME TO turns_elsewhere",
    mendIt: () => "ALTER TABLE turns_elsewhere RENAME TO turns",
    outcome: "store_unavailable",
  },
  ...["57014", "XX000", "42883", "P0001"].map((sqlState): Breakage => ({
    name: `a database that fails over every turn (${sqlState})`,
    breakIt: () => raise(sqlState),
    mendIt: () => UNBREAK,
    outcome: "store_failed",
  })),
];

describe.each(queueBackends())("a worker on $name waits", (backend) => {
  const workers = useWorkerProcesses(backend);
  let role: OwnRole;
  let user: OwnRedisUser | undefined;
  let metricsUrl: string;
  let output: () => string;

  beforeAll(async () => {
    // The first turn brings the queue's own tables.
    const org = randomUUID();
    await waitUntil(() => workers.accept(org, conversation({ org, turns: 1 })).then(() => true), {
      what: "the queue is there",
    });
    const schemas = backend.name === "postgres" ? SCHEMAS : ["public"];
    role = await makeOwnRole(workers.sql, schemas);
    user = backend.redisUrl === undefined ? undefined : await makeOwnRedisUser(backend.redisUrl);
    const started = await workers.start({
      env: {
        DATABASE_URL: role.in(workers.databaseUrl),
        ...(user === undefined ? {} : { REDIS_URL: user.in(backend.redisUrl ?? "") }),
        ...IMPATIENT,
      },
    });
    metricsUrl = `${started.url}/metrics`;
    output = () => started.process.output();
    await workers.settled(org, 1);
  });
  afterAll(async () => {
    await user?.remove();
  });

  const attemptsWith = async (outcome: string): Promise<number> => {
    const text = await (await fetch(metricsUrl)).text();
    const found = new RegExp(
      `^turnpike_turn_attempts_total\\{[^}]*outcome="${outcome}"[^}]*\\} (\\S+)$`,
      "m",
    ).exec(text);
    return Number(found?.[1] ?? 0);
  };
  const acceptMany = async (): Promise<string> => {
    const org = randomUUID();
    await workers.accept(org, conversation({ org, turns: TURNS }));
    return org;
  };
  const expectAllStored = async (org: string): Promise<void> => {
    await workers.settled(org, TURNS).catch((cause: unknown) => {
      throw new Error(`not all were stored:\n${output().slice(-3_000)}`, { cause });
    });
    expect(await workers.sql`SELECT code, reason FROM dead_letters`).toEqual([]);
    await waitUntil(async () => (await countJobs(backend, workers)).unfinished === 0, {
      what: "the queue is empty",
    });
    expect(await countJobs(backend, workers)).toEqual({ unfinished: 0, failed: 0 });
  };

  it.each(breakages)(
    "for $name to be mended",
    async ({ breakIt, mendIt, outcome, keepsFromQueue }) => {
      const before = await attemptsWith(outcome);
      await workers.sql.unsafe(breakIt(role.name));
      let org: string;
      try {
        await role.endSessions();
        org = await acceptMany();
        if (keepsFromQueue === true && backend.name === "postgres") {
          await waitUntil(async () => (await fetch(metricsUrl.replace("metrics", "readyz"))).status === 503, {
            what: "it says that it is not ready",
          });
        } else {
          await waitUntil(async () => (await attemptsWith(outcome)) - before > ATTEMPTS, {
            what: `${ATTEMPTS} attempts have failed`,
            timeoutMs: 120_000,
          });
        }
        expect(await workers.countReceipts(org)).toBe(0);
      } finally {
        await workers.sql.unsafe(mendIt(role.name));
      }
      await expectAllStored(org);
    },
    200_000,
  );

  it("for no more than a new connection when prepared statements are forgotten (26000)", async () => {
    await workers.sql.unsafe(FORGET_PREPARED);
    const org = await acceptMany();
    await expectAllStored(org);
    await workers.sql.unsafe(UNBREAK);
  }, 120_000);

  it("for the right to read bodies from the queue", async () => {
    const payloads = "turnpike_queue.payloads";
    const own = (name: string) => `~${workers.prefix}:ingest${name}`;
    const all = ["accepted", "jobs", "ages", "load"].map((name) => own(`-register:${name}`));
    const failed = () => output().match(/"reason":"queue_unavailable: queue: (42501|NOPERM)"/g)?.length ?? 0;
    if (user === undefined) await workers.sql.unsafe(`REVOKE SELECT ON ${payloads} FROM ${role.name}`);
    else await user.set("resetkeys", own(":*"), ...all);
    const org = await acceptMany();
    await waitUntil(() => failed() > 60, { what: "attempts have failed", timeoutMs: 60_000 });
    if (user === undefined) await workers.sql.unsafe(`GRANT SELECT ON ${payloads} TO ${role.name}`);
    else await user.set("~*");
    await expectAllStored(org);
  }, 120_000);

  it("for no turn that fails alone while others are stored: that one is dead, after attempts that count", async () => {
    await workers.sql.unsafe(raise("XX000", "nodes", "NEW.content::text LIKE '%the poison%'"));
    const org = randomUUID();
    const others = randomUUID();
    const [body = ""] = conversation({ org, turns: 1 });
    await workers.accept(org, [body.replace(/hello|turn 1|"content":"/, (word) => `${word}the poison `)]);
    let stored = 0;
    const isDead = async (): Promise<boolean> => {
      stored += (await workers.accept(others, conversation({ org: others, session: randomUUID(), turns: 3 })))
        .length;
      return (await workers.sql`SELECT FROM dead_letters`).length > 0;
    };
    await waitUntil(isDead, { what: "it is dead", timeoutMs: 120_000 });
    const [letter] = await workers.sql`SELECT code, reason, attempts FROM dead_letters`;
    expect(letter).toMatchObject({ code: "store_failed", reason: "database: XX000" });
    expect(letter?.["attempts"]).toBeGreaterThan(MAX_COUNTED_ATTEMPTS.suspect);
    await workers.settled(others, stored);
    await workers.sql.unsafe(UNBREAK);
    await workers.sql`DELETE FROM dead_letters`;
  }, 200_000);
});

async function countJobs(
  backend: TestBackend,
  { databaseUrl, prefix }: { readonly databaseUrl: string; readonly prefix: string },
): Promise<{ unfinished: number; failed: number }> {
  const silent = { info() {}, warn() {}, error() {} };
  const location =
    backend.redisUrl === undefined ? { databaseUrl, prefix } : { redisUrl: backend.redisUrl, prefix };
  const open = await openBackend(location, "producer", silent);
  const queue = new open.classes.Queue(INGEST_QUEUE, { connection: open.connection, prefix });
  try {
    const { failed = 0, completed: _completed, ...others } = await queue.getJobCounts();
    return { unfinished: Object.values(others).reduce((sum, count) => sum + count, 0), failed };
  } finally {
    await queue.close();
    await open.close();
  }
}
