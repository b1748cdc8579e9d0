import type { Block } from "@turnpike/domain/block";
import { type SQL, sql } from "drizzle-orm";
import { nodes } from "../schema.ts";

/** A node as readers see it. */
export interface NodeView extends Record<string, unknown> {
  readonly hash: string;
  /** Null at a root. */
  readonly parentHash: string | null;
  readonly role: string;
  readonly content: readonly Block[];
  readonly provider: string;
  readonly agentName: string | null;
  readonly model: string | null;
  readonly stopReason: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
}

/** The columns of a node as readers see it, of the table by its own name. */
export const nodeColumns: SQL = sql`
  ${nodes.hash} AS hash, ${nodes.parentHash} AS "parentHash", ${nodes.role} AS role, ${nodes.content} AS content,
  ${nodes.provider} AS provider, ${nodes.agentName} AS "agentName", ${nodes.model} AS model,
  ${nodes.stopReason} AS "stopReason", ${nodes.inputTokens}::float8 AS "inputTokens",
  ${nodes.outputTokens}::float8 AS "outputTokens"`;
