import { AppError } from "@turnpike/domain/errors";
import { and, desc, eq, lt } from "drizzle-orm";
import { z } from "zod";
import { decodeCursor, encodeCursor, toScope } from "../read/cursor.ts";
import { isoTime, type ReadDatabase } from "../read/read-database.ts";
import { auditLog } from "../schema.ts";

/** Which acts to list. */
export interface ListAuditQuery {
  /** Acts over all orgs, and over each, when absent. */
  readonly orgId?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

const Key = z.tuple([z.uuid()]);

/**
 * List the acts in the audit log a page at a time, the newest first, by keyset.
 * @throws AppError `invalid_query` when the cursor belongs to another query.
 */
export async function listAudit(db: ReadDatabase, { orgId, limit, cursor }: ListAuditQuery) {
  const scope = toScope("audit", orgId);
  const before = cursor === undefined ? undefined : parseKey(decodeCursor(scope, cursor));
  const rows = await db
    .select({
      id: auditLog.id,
      orgId: auditLog.orgId,
      at: isoTime(auditLog.at).as("at_iso"),
      actor: auditLog.actor,
      action: auditLog.action,
      details: auditLog.details,
    })
    .from(auditLog)
    .where(
      and(
        orgId === undefined ? undefined : eq(auditLog.orgId, orgId),
        before === undefined ? undefined : lt(auditLog.id, before),
      ),
    )
    // The ids are UUIDs of version 7: they increase with the time.
    .orderBy(desc(auditLog.id))
    .limit(limit + 1);
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return {
    items,
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor(scope, [last.id]) : null,
  };
}

function parseKey(key: readonly string[]): string {
  const parsed = Key.safeParse(key);
  if (!parsed.success) throw new AppError("invalid_query", "cursor: not a cursor of this route");
  return parsed.data[0];
}
