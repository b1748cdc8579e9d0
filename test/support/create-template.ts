import { migrate } from "@turnpike/store/migrate";
import postgres from "postgres";
import { templateName } from "./template-name.ts";
import { withDatabase } from "./with-database.ts";

/** Create the template database and migrate it with the real migrations. Afterwards nobody can connect to it. */
export async function createTemplate(postgresUrl: string): Promise<void> {
  const sql = postgres(postgresUrl, { max: 1 });
  try {
    await sql`CREATE DATABASE ${sql(templateName)}`;
    await migrate(withDatabase(postgresUrl, templateName));
    // A template can be cloned only while no session uses it.
    await sql`ALTER DATABASE ${sql(templateName)} ALLOW_CONNECTIONS false`;
  } finally {
    await sql.end();
  }
}
