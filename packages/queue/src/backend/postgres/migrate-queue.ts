import { Client } from "pg";
import { updateSchemas } from "./schema.ts";

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Bring BullMQ's own schema and that of the register up to date. Idempotent; processes that start together wait for one another,
 * for as long as it takes.
 * @throws the driver's error when the database cannot be reached.
 */
export async function migrateQueue(databaseUrl: string): Promise<void> {
  const client = new Client({
    connectionString: databaseUrl,
    application_name: "turnpike-migrate",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    // Whatever the database sets for everybody: an index over a large queue is not made in a moment.
    options: "-c jit=off -c statement_timeout=0 -c lock_timeout=0",
  });
  // A lost connection fails the statement that runs, or the next one.
  client.on("error", () => {});
  try {
    await client.connect();
    await updateSchemas(client);
  } finally {
    await client.end().catch(() => {});
  }
}
