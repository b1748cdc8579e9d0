/** Why the local PostgreSQL cannot run, in words that a person can act on. */
export class EmbeddedPostgresError extends Error {
  override readonly name = "EmbeddedPostgresError";
}

/** Somebody who lives owns the data directory. */
export class FolderInUseError extends EmbeddedPostgresError {
  /** The process, as far as it is known. */
  readonly holder: number | undefined;

  constructor(message: string, holder: number | undefined) {
    super(message);
    this.holder = holder;
  }
}

/** The way out that always exists; ends every message for which there is no closer remedy. */
export const useOwnServer = "Set DATABASE_URL to use a PostgreSQL server of your own.";
