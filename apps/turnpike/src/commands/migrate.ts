import type { Command } from "commander";
import { loadConfig } from "@turnpike/kit/load-config";
import { migrateQueue } from "@turnpike/queue/migrate-queue";
import { migrate } from "@turnpike/store/migrate";
import { type Env, Settings } from "../settings.ts";

/** Add `turnpike migrate`. */
export function addMigrate(program: Command, env: Env): void {
  program
    .command("migrate")
    .description("bring the tables of DATABASE_URL up to date; safe to repeat and to run twice at once")
    .action(async () => {
      const { DATABASE_URL, REDIS_URL } = loadConfig(Settings, env);
      if (DATABASE_URL === undefined)
        throw new Error("DATABASE_URL must be set: which database is to be migrated?");
      await migrate(DATABASE_URL);
      if (REDIS_URL === undefined) await migrateQueue(DATABASE_URL);
      process.stdout.write("The database is up to date.\n");
    });
}
