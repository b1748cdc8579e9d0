import { migrate } from "@turnpike/store/connection/migrate";
import postgres from "postgres";
import { partitionDatabase } from "./partition-database.ts";
import { templateName } from "./template-name.ts";
import { withDatabase } from "./with-database.ts";

/**
 * Create the template database, migrate it with the real migrations, and partition it, if into anything. Afterwards nobody can
 * connect to it.
 */
export async function createTemplate(postgresUrl: string, partitions?: number): Promise<void> {
  const sql = postgres(postgresUrl, { max: 1 });
  try {
    await sql`CREATE DATABASE ${sql(templateName)}`;
    const url = withDatabase(postgresUrl, templateName);
    await migrate(url);
    if (partitions !== undefined) await partitionDatabase(url, partitions);
    // A template can be cloned only while no session uses it.
    await sql`ALTER DATABASE ${sql(templateName)} ALLOW_CONNECTIONS false`;
  } finally {
    await sql.end();
  }
}
