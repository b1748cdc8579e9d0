/** Whoever replays dead letters is killed again and again: every letter is put back, and stored once; the ledger stays true. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@turnpike/domain/errors";
import type { SessionStore } from "@turnpike/domain/ports/ports";
import { createLogger } from "@turnpike/kit/process/logger";
import { createRegistry } from "@turnpike/kit/process/metrics";
import { createProducer } from "@turnpike/queue/producer/producer";
import { createQueueInspector } from "@turnpike/queue/inspector/queue-inspector";
import { readLedger } from "@turnpike/timeline/ledger/read-ledger";
import { createWorker } from "@turnpike/worker/worker";
import { describe, expect, it } from "vitest";
import { v7 as uuidv7 } from "uuid";
import { queueBackends } from "../support/backends.ts";
import { useDeadLetters } from "../support/dead-letter.ts";
import { checkInvariants } from "../support/snapshot.ts";
import { useProcesses } from "../support/spawn.ts";
import { useStore } from "../support/store-fixture.ts";
import { turnBody } from "../support/turn-body.ts";
import { waitUntil } from "../support/wait-until.ts";

const LETTERS = 120;
const KILLS = 6;

const logger = createLogger({ level: "silent", name: "test" });

describe.each(queueBackends())("a replay that is killed on $name", (backend) => {
  const fixture = useStore();
  const letters = useDeadLetters(fixture);
  const processes = useProcesses();

  it(`${KILLS} times loses no letter and stores none twice`, async () => {
    const orgId = randomUUID();
    const prefix = `test-${orgId}`;
    const location = { redisUrl: backend.redisUrl, databaseUrl: fixture.url, prefix, log: logger };
    const producer = createProducer(location);
    const inspector = createQueueInspector(location);
    const startWorker = (store: SessionStore) =>
      createWorker({
        store,
        deadLetters: letters(),
        queue: location,
        concurrency: 8,
        logger,
        registry: createRegistry("worker"),
        wakes: { publish() {} },
      });
    const expectBalance = async () => {
      const { total } = await readLedger({ queue: inspector, deadLetters: letters() });
      expect(total).toMatchObject({ accepted: LETTERS, difference: 0 });
      return total;
    };
    try {
      const turns = Array.from({ length: LETTERS }, (_unused, index) => ({
        receipt: uuidv7(),
        orgId,
        requestId: "r",
        acceptedAt: new Date().toISOString(),
        body: turnBody({ org: orgId, answer: String(index) }),
      }));
      await producer.enqueue(turns);
      expect(await expectBalance()).toMatchObject({ inFlight: LETTERS });

      const refusing = startWorker({
        ...fixture.store,
        ingestTurns: () => Promise.reject(new AppError("store_rejected", "database: 23514")),
      });
      await waitUntil(async () => (await letters().survey({ orgId })).byState.dead === LETTERS, {
        what: "every turn is dead",
      });
      await waitUntil(async () => (await inspector.load()).jobs === 0, { what: "the queue is empty" });
      await refusing.drain(5_000);
      expect(await expectBalance()).toMatchObject({ deadLettered: LETTERS, inFlight: 0 });

      const startReplay = () =>
        processes.start(new URL("../support/replay-letters.ts", import.meta.url), {
          args: [fixture.url, prefix, orgId, ...(backend.redisUrl === undefined ? [] : [backend.redisUrl])],
        });
      for (let kill = 0; kill < KILLS; kill += 1) {
        const replay = startReplay();
        await replay.waitForLine(/ready/);
        // At any point of whatever it does then.
        await sleep(Math.random() * 60);
        await replay.kill("SIGKILL");
        await expectBalance();
      }
      const last = startReplay();
      await last.waitForLine(/done/);
      expect((await last.ended).exitCode).toBe(0);
      const { jobIds } = await inspector.snapshot();
      expect(jobIds.toSorted()).toEqual(turns.map(({ receipt }) => `${orgId}_${receipt}`).toSorted());
      expect(await expectBalance()).toMatchObject({ deadLettered: LETTERS, inFlight: 0 });

      const storing = startWorker(fixture.store);
      await waitUntil(async () => (await letters().survey({ orgId })).byState.resolved === LETTERS, {
        what: "every letter is resolved",
        timeoutMs: 40_000,
      });
      await storing.drain(5_000);
      expect(await expectBalance()).toMatchObject({ stored: LETTERS, deadLettered: 0, inFlight: 0 });
      const [stored] = await fixture.sql`SELECT count(*)::int AS n FROM turns WHERE org_id = ${orgId}`;
      expect(stored?.["n"]).toBe(LETTERS);
      await checkInvariants(fixture.sql, orgId);
    } finally {
      await Promise.all([producer.close(), inspector.close()]);
    }
  }, 120_000);
});
