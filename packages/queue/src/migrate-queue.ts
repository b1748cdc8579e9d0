import type { Log } from "@turnpike/domain/ports";
import { openPostgres } from "./open-postgres.ts";

const silent: Log = { info() {}, warn() {}, error() {} };

/**
 * Bring BullMQ's own schema and that of the register up to date. Idempotent; processes that start together wait for one another.
 * @throws the driver's error when the database cannot be reached.
 */
export async function migrateQueue(databaseUrl: string): Promise<void> {
  const client = await openPostgres(databaseUrl, "producer", silent);
  await client.close();
}
