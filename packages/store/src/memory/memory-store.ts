import type { LooseNode, LooseReceipt, NodeStore } from "@turnpike/domain/ports/ports";

/** A store that forgets everything when its process ends: nodes and receipts only, no sessions, no timeline. */
export interface MemoryStore extends NodeStore {
  findNode(orgId: string, hash: string): LooseNode | undefined;
  findReceipt(orgId: string, receipt: string): LooseReceipt | undefined;
  countNodes(): number;
}

/** Make an empty store in memory. */
export function createMemoryStore(): MemoryStore {
  const nodes = new Map<string, LooseNode>();
  const receipts = new Map<string, LooseReceipt>();
  return {
    capability: "nodes",
    putNode(node) {
      const id = `${node.orgId} ${node.hash}`;
      const known = nodes.get(id);
      if (known === undefined) nodes.set(id, node);
      else if (known.response === undefined && node.response !== undefined) {
        nodes.set(id, { ...known, response: node.response });
      }
      return Promise.resolve();
    },
    putReceipt(receipt) {
      const id = `${receipt.orgId} ${receipt.receipt}`;
      if (!receipts.has(id)) receipts.set(id, receipt);
      return Promise.resolve();
    },
    findNode: (orgId, hash) => nodes.get(`${orgId} ${hash}`),
    findReceipt: (orgId, receipt) => receipts.get(`${orgId} ${receipt}`),
    countNodes: () => nodes.size,
  };
}
