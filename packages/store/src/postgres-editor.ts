import { deleteSession } from "./edit/delete-session.ts";
import { renameSession } from "./edit/rename-session.ts";
import { createWritePool } from "./write-pool.ts";

/** What a person may change about what is stored, each bound to one org. */
export type PostgresEditor = ReturnType<typeof createPostgresEditor>;

/** Open a pool for edits. No connection is made before the first call; a lost one is made again at the next. */
export function createPostgresEditor(options: { readonly url: string; readonly maxConnections: number }) {
  const pool = createWritePool({ ...options, name: "turnpike-timeline" });
  return {
    renameSession: (orgId: string, sessionId: string, displayName: string | null) =>
      renameSession(pool.statement, orgId, sessionId, displayName),
    deleteSession: (orgId: string, sessionId: string) => deleteSession(pool, orgId, sessionId),
    close: () => pool.close(),
  };
}
