import type { Block } from "@turnpike/domain/providers/block";
import { canonicalNode, hashNode } from "@turnpike/domain/chain/node-hash";
import { describe, expect, it } from "vitest";
import { readVectors } from "./read-vectors.ts";

interface NodeVector {
  readonly id: string;
  readonly role: string;
  readonly parent: string;
  readonly blocks: readonly Block[] | null;
  readonly canonical: string;
  readonly hash: string;
}

const vectors = readVectors<NodeVector>("nodes.jsonl");

describe("the node vectors", () => {
  it("are 80", () => {
    expect(vectors).toHaveLength(80);
  });

  it.each(vectors)("$id", ({ role, parent, blocks, canonical, hash }) => {
    const message = { role, content: blocks ?? [] };

    expect(canonicalNode(message, parent)).toBe(canonical);
    expect(hashNode(message, parent)).toBe(hash);
  });
});
