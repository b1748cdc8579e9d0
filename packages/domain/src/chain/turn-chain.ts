import type { Block, Message } from "../providers/block.ts";
import { AppError } from "../errors.ts";
import { isKnown, type KnownMessage } from "../providers/request-messages.ts";
import { hashNode } from "./node-hash.ts";

/** One node of a turn's chain. */
export interface ChainNode {
  /** Lower-case hex SHA-256, see `node-hash.ts`. */
  readonly hash: string;
  /** Null for the root. */
  readonly parentHash: string | null;
  readonly role: string;
  /** As received, not projected. */
  readonly content: readonly Block[];
}

/**
 * Build the chain of a turn, root to leaf: one node per message, whatever its role, also when its content is empty.
 * The messages are the request's and, last, the response's. Those that are known with their hashes are not hashed again.
 * @throws AppError `unparsable_request` when a block's opaque JSON is nested too deep.
 */
export function buildChain(messages: readonly Message[]): ChainNode[] {
  let parentHash: string | null = null;
  return messages.map((message) => {
    if (isKnownNode(message)) {
      parentHash = message.hash;
      return message;
    }
    const { role, content } = message;
    const node: ChainNode = { hash: hashNode(message, parentHash), parentHash, role, content };
    parentHash = node.hash;
    return node;
  });
}

function isKnownNode(message: Message): message is KnownMessage & { readonly hash: string } {
  return isKnown(message) && message.hash !== undefined;
}

/**
 * Check that nodes form one chain, root to leaf.
 * @throws AppError `broken_chain` when there is none, the first has a parent, or another's parent is not the one before.
 */
export function checkChain(nodes: readonly ChainNode[]): void {
  if (nodes.length === 0) throw new AppError("broken_chain", "broken chain: no node");
  let before: string | null = null;
  for (const [index, node] of nodes.entries()) {
    if (node.parentHash !== before) {
      const rule = index === 0 ? "a root has no parent" : "its parent is not the node before it";
      throw new AppError("broken_chain", `broken chain: node ${index}: ${rule}`);
    }
    before = node.hash;
  }
}
