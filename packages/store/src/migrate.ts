import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/postgres-js";
import { migrate as runMigrations } from "drizzle-orm/postgres-js/migrator";
import postgres from "postgres";
import { MIGRATION_LOCK } from "./migration-lock.ts";
import { translateError } from "./translate-error.ts";

// Beside a bundle; or, from the sources, at the root of the repository.
const PLACES = ["./drizzle/", "../../../drizzle/"];

/**
 * Bring a database's tables up to date. Idempotent; processes that start together wait for one another.
 * @throws AppError `store_unavailable` when the database cannot be reached.
 */
export async function migrate(databaseUrl: string, folder: string = findMigrationsFolder()): Promise<void> {
  const sql = postgres(databaseUrl, {
    max: 1,
    connect_timeout: 10,
    // As in connect.ts.
    fetch_types: false,
    onnotice: () => {},
  });
  try {
    await sql`SELECT pg_advisory_lock(${MIGRATION_LOCK}::bigint)`;
    await runMigrations(drizzle(sql), { migrationsFolder: folder });
  } catch (error) {
    throw translateError(error);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

function findMigrationsFolder(): string {
  const urls = PLACES.map((place) => new URL(place, import.meta.url));
  const found = urls.find((url) => existsSync(new URL("meta/_journal.json", url)));
  if (found === undefined) throw new Error("the folder `drizzle` with the migrations is missing");
  return fileURLToPath(found);
}
