import { AppError } from "@turnpike/domain/errors";
import type { JsonObject } from "@turnpike/domain/json/json";
import { and, desc, eq, lt, sql } from "drizzle-orm";
import { z } from "zod";
import { decodeCursor, encodeCursor, toScope } from "../read/cursor.ts";
import { fillLarge } from "../read/fill-large.ts";
import { bytesLeftOut, cutSizes, cutText, jsonbFits, shareOf } from "../read/page-budget.ts";
import { isoTime, type ReadDatabase } from "../connection/read-database.ts";
import { auditLog } from "../schema.ts";

/** Which acts to list. */
export interface ListAuditQuery {
  /** Acts over all orgs, and over each, when absent. */
  readonly orgId?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

const Key = z.tuple([z.uuid()]);

const texts = { actor: sql`${auditLog.actor}`, action: sql`${auditLog.action}` };

/**
 * List the acts in the audit log a page at a time, the newest first, by keyset. A page ends early when it would be too large.
 * @throws AppError `invalid_query` when the cursor belongs to another query.
 */
export async function listAudit(db: ReadDatabase, { orgId, limit, cursor }: ListAuditQuery) {
  const scope = toScope("audit", orgId);
  const before = cursor === undefined ? undefined : parseKey(decodeCursor(scope, cursor));
  const details = sql`${auditLog.details}`;
  const fits = jsonbFits(details, shareOf(limit));
  const rows = await db
    .select({
      id: auditLog.id,
      orgId: auditLog.orgId,
      at: isoTime(auditLog.at).as("at_iso"),
      actor: cutText(texts.actor).as("actor_shown"),
      action: cutText(texts.action).as("action_shown"),
      large: sql<JsonObject | null>`CASE WHEN ${fits} THEN ${details} END`.as("large"),
      largeBytes: bytesLeftOut(fits, details).as("large_bytes"),
      cut: cutSizes(texts).as("cut"),
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
  const items = await fillLarge(
    db,
    rows.slice(0, limit),
    "details",
    (page) => sql`
    SELECT k.place, a.details AS json
    FROM unnest(${sql.param(page.map((row) => row.orgId))}::uuid[], ${sql.param(page.map(({ id }) => id))}::uuid[])
      WITH ORDINALITY AS k (org_id, id, place)
    CROSS JOIN LATERAL (SELECT details FROM audit_log WHERE org_id = k.org_id AND id = k.id OFFSET 0) a`,
    { isBinary: true },
  );
  const last = items.at(-1);
  return {
    items: items.map(({ large, ...item }) => ({ ...item, details: large ?? {} })),
    nextCursor: rows.length > items.length && last !== undefined ? encodeCursor(scope, [last.id]) : null,
  };
}

function parseKey(key: readonly string[]): string {
  const parsed = Key.safeParse(key);
  if (!parsed.success) throw new AppError("invalid_query", "cursor: not a cursor of this route");
  return parsed.data[0];
}
