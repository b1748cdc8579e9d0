import type { Log } from "@turnpike/domain/ports/ports";
import { Pool } from "pg";
import type { ClientRole, OpenClient } from "../backend.ts";
import { BULLMQ_SCHEMA, updateSchemas } from "./schema.ts";
import { within } from "@turnpike/async/timeout";

const CONNECT_TIMEOUT_MS = 2_000;
// A backstop against a server that hangs: the producer gives up earlier, by the size of what it adds. A connection that
// passes it is replaced.
const QUERY_TIMEOUT_MS = 30_000;
// A peer that vanished is looked for after this long a silence, on the connection that only listens above all.
const KEEP_ALIVE_AFTER_MS = 10_000;
const CLOSE_TIMEOUT_MS = 2_000;

const poolSize: Readonly<Record<ClientRole, number>> = { producer: 8, consumer: 12 };

// What a consumer does to a job need not outlive a crash of the server: a job that is back in the queue runs again, and its turns are
// known by their receipts. Its log never loses an earlier commit than a later one, so what it stored is there when the job is gone.
const settings: Readonly<Record<ClientRole, readonly string[]>> = {
  producer: [],
  consumer: ["synchronous_commit=off"],
};

/**
 * Open a pool and bring BullMQ's own schema and the register up to date. Not through a pooler in transaction mode: LISTEN needs a session.
 * @throws the driver's error when the server does not answer; a queue that is built while it is away never recovers.
 */
export async function openPostgres(url: string, role: ClientRole, log: Log): Promise<OpenClient> {
  const pool = new Pool({
    connectionString: url,
    max: poolSize[role],
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    // Compiling a statement (JIT) takes longer than any of these.
    options: [`search_path=${BULLMQ_SCHEMA}`, "jit=off", ...settings[role]]
      .map((each) => `-c ${each}`)
      .join(" "),
    application_name: `turnpike-queue-${role}`,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
  });
  pool.on("error", (error) => log.warn({ role, reason: reasonOf(error) }, "queue database connection"));
  // A client that is checked out reports its own errors; without a listener the process would end.
  pool.on("connect", (client) => client.on("error", () => {}));
  try {
    const client = await pool.connect();
    try {
      // Nobody makes these again until the next start.
      await client.query("SET synchronous_commit = on");
      await updateSchemas(client);
      await client.query("RESET synchronous_commit");
    } finally {
      client.release();
    }
  } catch (error) {
    await closePool(pool);
    throw error;
  }
  return {
    connection: pool,
    async ping() {
      await pool.query("SELECT 1");
    },
    close: () => closePool(pool),
  };
}

/** A pool waits for every connection that is in use, also for one whose server hangs. */
async function closePool(pool: Pool): Promise<void> {
  await within(pool.end(), CLOSE_TIMEOUT_MS, () => new Error("late")).catch(() => {});
}

function reasonOf(error: Error & { code?: unknown }): string {
  return typeof error.code === "string" ? error.code : error.name;
}
