import type { SessionStore } from "@turnpike/domain/ports/ports";
import { ingestEvents } from "./ingest-events.ts";
import { ingestTurns } from "./ingest-turns.ts";
import { putNode, putReceipt } from "./put-node.ts";
import { createWritePool } from "../connection/write-pool.ts";

/** The store of production: everything, in Postgres. */
export interface PostgresStore extends SessionStore {
  /**
   * Ask the database for a sign of life.
   * @throws AppError `store_unavailable`.
   */
  ping(): Promise<void>;
  /** Use new connections from now on; what runs on the old ones fails with `store_unavailable`. */
  reopen(): void;
  close(): Promise<void>;
}

/** Open the store. No connection is made before the first call; a lost one is made again at the next. */
export function createPostgresStore(options: {
  readonly url: string;
  readonly maxConnections: number;
  readonly name?: string;
}): PostgresStore {
  const pool = createWritePool({
    url: options.url,
    maxConnections: options.maxConnections,
    name: options.name ?? "turnpike-worker",
    looksUpOnly: true,
  });
  return {
    capability: "sessions",
    ingestTurns: (turns) => ingestTurns(pool, turns),
    ingestEvents: (post) => ingestEvents(pool, post),
    putNode: (node) => putNode(pool.statement, node),
    putReceipt: (receipt) => putReceipt(pool.statement, receipt),
    async ping() {
      await pool.statement`SELECT 1`;
    },
    reopen: () => pool.reopen(),
    close: () => pool.close(),
  };
}
