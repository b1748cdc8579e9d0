/** What has left a queue in Postgres leaves no room behind that grows until the server's own vacuum comes by. */
import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { describe, expect, it } from "vitest";
import { queueBackends } from "../support/backends.ts";
import { waitUntil } from "../support/wait-until.ts";
import { countUnfinished, enqueueWhenUp, useQueue } from "./queue-fixture.ts";
import { largeTurn } from "./register-fixture.ts";

// A worker looks after the room of a thousand.
const TURNS = 1_600;
const FURTHER_TURNS = 800;
const TURNS_AT_ONCE = 100;
const TURN_BYTES = 4_000;

const backends = queueBackends().filter(({ name }) => name === "postgres");

describe.each(backends)("the room of turns that have left a queue in $name", (backend) => {
  const queue = useQueue(backend);

  it("is free again within seconds, and used by those that come then", async () => {
    const sql = postgres(queue.location.databaseUrl ?? "", { max: 1, onnotice: () => {} });
    const producer = queue.produce();
    const passThrough = async (count: number): Promise<void> => {
      for (let sent = 0; sent < count; sent += TURNS_AT_ONCE) {
        const turns = Array.from({ length: TURNS_AT_ONCE }, () => largeTurn(randomUUID(), TURN_BYTES));
        await enqueueWhenUp(producer, turns);
      }
      await waitUntil(async () => (await countUnfinished(queue)) === 0, { what: "the queue is empty" });
    };
    const countVacuumed = async (): Promise<number> => {
      const rows = await sql`
        SELECT FROM pg_stat_user_tables
        WHERE (schemaname, relname) IN (('turnpike_queue', 'payloads'), ('bullmq', 'job')) AND vacuum_count > 0`;
      return rows.length;
    };
    const sizeOf = async (): Promise<number> => {
      const [row] = await sql<{ bytes: number }[]>`
        SELECT pg_total_relation_size('turnpike_queue.payloads')::float8 AS bytes`;
      return row?.bytes ?? 0;
    };
    try {
      queue.consume(async () => {});
      await passThrough(TURNS);
      await waitUntil(async () => (await countVacuumed()) === 2, { what: "both tables are vacuumed" });
      const before = await sizeOf();
      await passThrough(FURTHER_TURNS);
      expect(await sizeOf()).toBeLessThan(1.1 * before);
    } finally {
      await sql.end();
    }
  });
});
