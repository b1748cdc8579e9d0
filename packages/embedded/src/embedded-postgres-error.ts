/** Why the local PostgreSQL cannot run, in words that a person can act on. */
export class EmbeddedPostgresError extends Error {
  override readonly name = "EmbeddedPostgresError";
}

/** The way out that always exists; ends every message for which there is no closer remedy. */
export const useOwnServer = "Set DATABASE_URL to use a PostgreSQL server of your own.";
