import { z } from "@hono/zod-openapi";
import type { NodeView } from "@turnpike/store/read/turns/node-view";
import { hash, jsonObject, truncated } from "../http/fields.ts";

/** A node with its content. */
export const NodeItem = z
  .object({
    hash,
    parentHash: hash.nullable().openapi({ description: "Null at a root." }),
    role: z.string(),
    content: z.array(jsonObject).openapi({ description: "The message's blocks, as received." }),
    provider: z.string(),
    agentName: z.string().nullable(),
    model: z.string().nullable().openapi({ description: "Null on nodes that are no response." }),
    stopReason: z.string().nullable(),
    inputTokens: z.int().nullable(),
    outputTokens: z.int().nullable(),
    truncated: truncated.optional(),
  })
  .openapi("ChainNode");

/** Show a node as `NodeItem`. */
export function toNodeItem(node: NodeView) {
  return { ...node, content: node.content.map((block) => ({ ...block })) };
}
