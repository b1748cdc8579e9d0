/** Readers follow a session while it is written by other processes: no gap, no repeat, in order, whatever they switch to. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleOf } from "../support/bundle-of.ts";
import { allBackends } from "../support/backends.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { useProcesses } from "../support/spawn.ts";
import { readSwitching } from "../support/switching-reader.ts";
import { turnBody } from "../support/turn-body.ts";
import { waitUntil } from "../support/wait-until.ts";

const CUTS = 200;
const MAX_BEHIND = 10;

const processes = useProcesses();

describe.each(allBackends())("a reader with a bad connection on $name", (backend) => {
  let database: TestDatabase;
  let prefix = "";
  let ingestUrl = "";

  const startApp = async (app: "ingest" | "worker" | "timeline", queuePrefix: string): Promise<string> => {
    const process = processes.start(bundleOf(app), {
      env: {
        DATABASE_URL: database.url,
        REDIS_URL: backend.redisUrl,
        QUEUE_PREFIX: queuePrefix,
        QUEUE_SHARDS: String(backend.shards),
        PORT: "0",
        HOST: "127.0.0.1",
        LOG_LEVEL: "info",
      },
    });
    const [, url = ""] = await process.waitForLine(/"url":"(http:[^"]+)"/);
    return url;
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    prefix = `follow-${new URL(database.url).pathname.slice(1)}`;
    ingestUrl = await startApp("ingest", prefix);
    await Promise.all(Array.from({ length: backend.shards }, () => startApp("worker", prefix)));
  });

  afterAll(async () => {
    await database.drop();
  });

  it.each([
    ["with wake-ups", true],
    // It listens where nobody speaks: only the re-check tells it of news.
    ["with every wake-up lost", false],
  ])(
    "gets every event once and in order, %s",
    async (_name, hearsWakes) => {
      const timelineUrl = await startApp("timeline", hearsWakes ? prefix : `${prefix}-deaf`);
      const org = randomUUID();
      const post = async (number: number): Promise<void> => {
        const answer = await fetch(`${ingestUrl}/v1/ingest`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: turnBody({ org, answer: `answer ${number}` }),
        });
        expect(answer.status).toBe(202);
        await answer.body?.cancel();
      };
      await post(0);
      const list = await waitUntil(
        async () => {
          const answer = await fetch(`${timelineUrl}/v1/sessions?org_id=${org}`);
          const { items } = (await answer.json()) as { items: { id: string }[] };
          return items.length > 0 && items;
        },
        { what: "the session is there" },
      );

      const url = `${timelineUrl}/v1/sessions/${list[0]?.id}/timeline?org_id=${org}`;
      const isStored = async (turns: number): Promise<boolean> => {
        const answer = await fetch(`${url}&limit=1`);
        return ((await answer.json()) as { latestSequence: number }).latestSequence >= turns * 3 + 1;
      };
      let isReading = true;
      let posted = 1;
      // As fast as the worker keeps up, so that there is news at any moment and no pile left at the end.
      const writing = (async () => {
        while (isReading) {
          await Promise.all([post(posted++), post(posted++)]);
          const due = posted - MAX_BEHIND;
          await waitUntil(() => isStored(due), { what: `${due} turns are stored` });
        }
        await waitUntil(() => isStored(posted), { what: "all turns are stored" });
      })();
      let isDrained = false;
      const reading = await readSwitching(url, createRandom(7), (cuts) => {
        if (cuts >= CUTS && isReading) {
          isReading = false;
          void writing.then(() => (isDrained = true));
        }
        return isDrained;
      });

      expect(reading.cuts).toBeGreaterThanOrEqual(CUTS);
      expect(reading.events.map((event) => event.sequence)).toEqual(
        Array.from({ length: posted * 3 + 1 }, (_unused, index) => index + 1),
      );
      expect(new Set(reading.events.map((event) => event.id)).size).toBe(reading.events.length);
      for (const count of Object.values(reading.byWay)) expect(count).toBeGreaterThan(0);
    },
    180_000,
  );
});

function createRandom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) & 0x7fffffff) / 0x7fffffff;
}
