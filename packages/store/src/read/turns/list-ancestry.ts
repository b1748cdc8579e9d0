import { AppError } from "@turnpike/domain/errors";
import { sql } from "drizzle-orm";
import { decodeCursor, encodeCursor, toScope } from "../cursor.ts";
import { fillLarge } from "../fill-large.ts";
import {
  contentsOf,
  LARGE_OF_NODE,
  nodeColumns,
  type NodeRow,
  type NodeView,
  showNode,
} from "./node-view.ts";
import type { ReadDatabase } from "../../connection/read-database.ts";

/** A page of a path, root first. */
export interface AncestryPage {
  readonly items: readonly NodeView[];
  /** Null on the last page, which ends with the node itself. */
  readonly nextCursor: string | null;
}

/**
 * List the path from a node's root to the node, a page at a time. A page costs one index look-up per node between the page
 * and the node (10,000 of them take some 30 ms), and the contents of the page alone. It ends early when it would be too large; a content
 * that is larger than a page is left out.
 * @throws AppError `not_found`, also when the node is another org's; `invalid_query` when the cursor is not of this path.
 */
export async function listAncestry(
  db: ReadDatabase,
  orgId: string,
  hash: string,
  query: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<AncestryPage> {
  const scope = toScope("ancestry", orgId, hash);
  const shown = query.cursor === undefined ? null : shownHash(scope, query.cursor);
  // The lateral parts keep each step an index look-up, whatever the planner expects of the step before.
  const rows: readonly NodeRow[] = await db.execute<NodeRow & Record<string, unknown>>(sql`
    WITH RECURSIVE chain AS (
      SELECT n.hash, n.parent_hash, 0 AS distance FROM nodes n WHERE n.org_id = ${orgId} AND n.hash = ${hash}
      UNION ALL
      SELECT p.*, chain.distance + 1 FROM chain CROSS JOIN LATERAL (
        SELECT n.hash, n.parent_hash FROM nodes n
        WHERE n.org_id = ${orgId} AND n.hash = chain.parent_hash OFFSET 0
      ) p
      WHERE chain.parent_hash IS DISTINCT FROM ${shown}
    ), page AS (
      SELECT hash, distance FROM chain ORDER BY distance DESC LIMIT ${query.limit + 1}
    )
    SELECT ${nodeColumns(query.limit)}
    FROM page CROSS JOIN LATERAL (
      SELECT * FROM nodes n WHERE n.org_id = ${orgId} AND n.hash = page.hash OFFSET 0
    ) nodes
    ORDER BY page.distance DESC`);
  const [first] = rows;
  if (first === undefined) throw new AppError("not_found", "no such node");
  if (first.parentHash !== shown) throw notOfThisPath();
  const items = await fillLarge(db, rows.slice(0, query.limit), LARGE_OF_NODE, (page) =>
    contentsOf(
      orgId,
      page.map(({ hash }) => hash),
    ),
  );
  const last = items.at(-1);
  return {
    items: items.map(showNode),
    nextCursor: rows.length > items.length && last !== undefined ? encodeCursor(scope, [last.hash]) : null,
  };
}

/** The hash of the last node shown. */
function shownHash(scope: string, cursor: string): string {
  const [hash] = decodeCursor(scope, cursor);
  if (hash === undefined || !/^[0-9a-f]{64}$/.test(hash)) throw notOfThisPath();
  return hash;
}

function notOfThisPath(): AppError {
  return new AppError("invalid_query", "cursor: not a cursor of this route");
}
