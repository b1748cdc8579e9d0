import { deleteSession } from "./delete-session.ts";
import { renameSession } from "./rename-session.ts";
import { createWritePool } from "../connection/write-pool.ts";

/** What a person may change about what is stored, each bound to one org. */
export type PostgresEditor = ReturnType<typeof createPostgresEditor>;

/** Open a pool for edits. No connection is made before the first call; a lost one is made again at the next. */
export function createPostgresEditor(options: {
  readonly url: string;
  readonly maxConnections: number;
  /** Called after each edit, also after one of which it is not known whether it came through. */
  readonly onEdit?: ((orgId: string) => void) | undefined;
}) {
  const { url, maxConnections, onEdit } = options;
  const pool = createWritePool({ url, maxConnections, name: "turnpike-timeline" });
  const edit = async (orgId: string, editing: Promise<void>): Promise<void> => {
    try {
      await editing;
    } finally {
      onEdit?.(orgId);
    }
  };
  return {
    renameSession: (orgId: string, sessionId: string, displayName: string | null) =>
      edit(orgId, renameSession(pool.statement, orgId, sessionId, displayName)),
    deleteSession: (orgId: string, sessionId: string) => edit(orgId, deleteSession(pool, orgId, sessionId)),
    close: () => pool.close(),
  };
}
