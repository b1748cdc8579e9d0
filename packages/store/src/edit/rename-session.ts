import { AppError } from "@turnpike/domain/errors";
import type { Statement } from "../connection/write-pool.ts";

/**
 * Give a session a name of a reader's choice; null takes it away.
 * @throws AppError `not_found`, also when the session is another org's or deleted.
 */
export async function renameSession(
  sql: Statement,
  orgId: string,
  sessionId: string,
  displayName: string | null,
): Promise<void> {
  const renamed = await sql`
    UPDATE sessions SET display_name = ${displayName}
    WHERE org_id = ${orgId} AND id = ${sessionId} AND deleted_at IS NULL
    RETURNING id`;
  if (renamed.length === 0) throw new AppError("not_found", "no such session");
}
