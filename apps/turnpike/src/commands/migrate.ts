import type { Command } from "commander";
import { loadConfig } from "@turnpike/kit/process/load-config";
import { settleMarker } from "@turnpike/queue/marker/settle-marker";
import { migrateQueue } from "@turnpike/queue/backend/postgres/migrate-queue";
import { migrate } from "@turnpike/store/connection/migrate";
import { createQueueMarkers } from "@turnpike/store/marker/queue-markers";
import { type Env, Settings } from "../settings.ts";

// A queue that is started at the same time may come up a little later.
const PATIENCE_MS = 6_000;

/** Add `turnpike migrate`. */
export function addMigrate(program: Command, env: Env): void {
  program
    .command("migrate")
    .description("bring the tables of DATABASE_URL up to date; safe to repeat and to run twice at once")
    .action(async () => {
      const settings = loadConfig(Settings, env);
      const { DATABASE_URL, REDIS_URL } = settings;
      if (DATABASE_URL === undefined)
        throw new Error("DATABASE_URL must be set: which database is to be migrated?");
      await migrate(DATABASE_URL);
      if (REDIS_URL === undefined) await migrateQueue(DATABASE_URL);
      process.stdout.write("The database is up to date.\n");
      await mark(DATABASE_URL, settings);
    });
}

/** @throws Error when the queue is not the one of the database. */
async function mark(databaseUrl: string, settings: Settings): Promise<void> {
  const { REDIS_URL: redisUrl, QUEUE_PREFIX: prefix, QUEUE_SHARDS: shards } = settings;
  const database = createQueueMarkers(databaseUrl);
  try {
    // Whoever migrates without REDIS_URL may just not have been told of it: then the first worker decides.
    const mayWrite = redisUrl !== undefined || (await database.readHoldings()).postgresQueue.accepted > 0;
    const verdict = await settleMarker(
      { redisUrl, databaseUrl, prefix, shards },
      {
        database,
        mayWrite,
        patienceMs: PATIENCE_MS,
      },
    );
    if (verdict.state === "mismatch")
      throw new Error(`the queue is not the one of this database: ${verdict.detail}`);
    if (verdict.state === "unknown")
      process.stdout.write(
        "The queue could not be reached: the first worker will bind it to the database.\n",
      );
  } finally {
    await database.close();
  }
}
