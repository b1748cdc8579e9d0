import type { Block } from "@turnpike/domain/providers/block";
import { sql } from "drizzle-orm";
import { contentsOf } from "./node-view.ts";
import { PAGE_BYTES } from "../page-budget.ts";
import { executePrepared, type ReadDatabase } from "../../connection/read-database.ts";
import { readParts } from "../read-parts.ts";

// More contents than one statement is asked for at a time.
const MAX_CONTENTS = 500;

/**
 * Read the contents of the first of these nodes, as many as a page holds. Null stands for one that is larger than that: `readContent`
 * gives it.
 * @returns undefined when the first of them is not there: erased, or not known to a replica yet.
 */
export async function readContents(
  db: ReadDatabase,
  orgId: string,
  hashes: readonly string[],
): Promise<readonly (readonly Block[] | null)[] | undefined> {
  const asked = hashes.slice(0, MAX_CONTENTS);
  const parts = await readParts<readonly Block[]>(db, contentsOf(orgId, asked), asked.length);
  const isWithoutGap = parts.every((part, index) => part.place === index + 1);
  return parts.length === 0 || !isWithoutGap ? undefined : parts.map(({ json }) => json);
}

/**
 * Read a piece of a node's content: the bytes of its JSON from an offset on. It unpacks the whole content for each piece.
 * @returns undefined when there is no such node. A piece that is shorter than `CONTENT_PIECE_BYTES` is the last.
 */
export async function readContent(
  db: ReadDatabase,
  orgId: string,
  hash: string,
  offset: number,
): Promise<Uint8Array | undefined> {
  const [row] = await executePrepared<{ piece: Uint8Array }>(
    db,
    sql`
    SELECT substring(convert_to(content::text, 'UTF8') FROM ${offset + 1}::int FOR ${CONTENT_PIECE_BYTES}::int) AS piece
    FROM nodes WHERE org_id = ${orgId} AND hash = ${hash}`,
  );
  return row?.piece;
}

/** How much of a content is read at once. */
export const CONTENT_PIECE_BYTES = PAGE_BYTES;
