import type { Block } from "@turnpike/domain/providers/block";
import { type SQL, sql } from "drizzle-orm";
import { nodes } from "../../schema.ts";
import type { FilledRow, FirstRow } from "../fill-large.ts";
import { bytesLeftOut, cutSizes, cutText, jsonFits, shareOf, type Truncated } from "../page-budget.ts";

/** A node as readers see it. */
export interface NodeView {
  readonly hash: string;
  /** Null at a root. */
  readonly parentHash: string | null;
  readonly role: string;
  /** Empty when it was left out, see `truncated`. */
  readonly content: readonly Block[];
  readonly provider: string;
  readonly agentName: string | null;
  readonly model: string | null;
  readonly stopReason: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly truncated?: Truncated;
}

/** A node as it is read first. */
export interface NodeRow extends Omit<NodeView, "content" | "truncated">, FirstRow<readonly Block[]> {}

const texts = {
  role: sql`${nodes.role}`,
  provider: sql`${nodes.provider}`,
  agentName: sql`${nodes.agentName}`,
  model: sql`${nodes.model}`,
  stopReason: sql`${nodes.stopReason}`,
};

/** The columns of a node as readers see it on a page of so many, of the table by its own name; `showNode` names them. */
export function nodeColumns(limit: number): SQL {
  const content = sql`${nodes.content}`;
  const fits = jsonFits(content, shareOf(limit));
  return sql`
  ${nodes.hash} AS hash, ${nodes.parentHash} AS "parentHash", ${cutText(texts.role)} AS role,
  CASE WHEN ${fits} THEN ${content} END AS large, ${bytesLeftOut(fits, content)} AS "largeBytes", ${cutSizes(texts)} AS cut,
  ${cutText(texts.provider)} AS provider, ${cutText(texts.agentName)} AS "agentName", ${cutText(texts.model)} AS model,
  ${cutText(texts.stopReason)} AS "stopReason", ${nodes.inputTokens}::float8 AS "inputTokens",
  ${nodes.outputTokens}::float8 AS "outputTokens"`;
}

/** Under which name readers know what of a node may be large. */
export const LARGE_OF_NODE = "content";

/** Show a node under the names that readers know. */
export function showNode({ large, ...node }: FilledRow<NodeRow>): NodeView {
  return { ...node, content: large ?? [] };
}

/** The contents of nodes, for `readParts`. */
export function contentsOf(orgId: string, hashes: readonly string[]): SQL {
  return sql`
    SELECT k.place, n.content AS json, NULL::text AS text
    FROM unnest(${sql.param([...hashes])}::text[]) WITH ORDINALITY AS k (hash, place)
    CROSS JOIN LATERAL (SELECT content FROM nodes WHERE org_id = ${orgId} AND hash = k.hash OFFSET 0) n`;
}
