import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DrizzleQueryError } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate as runMigrations } from "drizzle-orm/node-postgres/migrator";
import { MIGRATION_LOCK } from "./migration-lock.ts";
import { translateAnswer, translateError } from "./translate-error.ts";
import { withSession } from "./with-session.ts";

// Beside a bundle; or, from the sources, at the root of the repository.
const PLACES = ["./drizzle/", "../../../../drizzle/"];

/**
 * Bring a database's tables up to date, in one transaction. Idempotent; processes that start together wait for one another, for
 * as long as it takes.
 * @throws AppError `store_unavailable` when the database cannot be reached, or the connection is lost; then nothing was changed.
 */
export async function migrate(databaseUrl: string, folder: string = findMigrationsFolder()): Promise<void> {
  await withSession(databaseUrl, "turnpike-migrate", async (run, client) => {
    // In a statement of its own: what others made meanwhile, only a transaction that begins after the wait is sure to see.
    await run("SELECT pg_advisory_lock($1::bigint)", [MIGRATION_LOCK]);
    await runMigrations(drizzle(client), { migrationsFolder: folder }).catch((error: unknown) => {
      throw error instanceof DrizzleQueryError ? translateAnswer(error.cause) : translateError(error);
    });
  });
}

function findMigrationsFolder(): string {
  const urls = PLACES.map((place) => new URL(place, import.meta.url));
  const found = urls.find((url) => existsSync(new URL("meta/_journal.json", url)));
  if (found === undefined) throw new Error("the folder `drizzle` with the migrations is missing");
  return fileURLToPath(found);
}
