import { describe, expect, it } from "vitest";
import { buildChain, type ChainNode, checkChain } from "./turn-chain.ts";

const messages = [
  { role: "user", content: [{ type: "text", text: " hello " }] },
  { role: "", content: [] },
  { role: "assistant", content: [{ type: "text", text: "<status>gone</status>" }] },
];

describe("buildChain", () => {
  it("makes one node per message, each the child of the one before, with the content as received", () => {
    const chain = buildChain(messages);

    expect(chain.map(({ role, content }) => ({ role, content }))).toEqual(messages);
    expect(chain.map(({ parentHash }) => parentHash)).toEqual([null, chain[0]?.hash, chain[1]?.hash]);
    expect(new Set(chain.map(({ hash }) => hash)).size).toBe(3);
    expect(chain.every(({ hash }) => /^[0-9a-f]{64}$/.test(hash))).toBe(true);
  });

  it("gives the same prefix for the same history", () => {
    expect(buildChain(messages.slice(0, 2))).toEqual(buildChain(messages).slice(0, 2));
  });
});

describe("checkChain", () => {
  const [first, second, third] = buildChain(messages) as [ChainNode, ChainNode, ChainNode];

  it("accepts what buildChain makes", () => {
    expect(() => checkChain([first, second, third])).not.toThrow();
  });

  it.each([
    ["nothing", [], "no node"],
    ["a root with a parent", [second, third], "node 0: a root has no parent"],
    ["a gap", [first, third], "node 1: its parent is not the node before it"],
    ["a second root", [first, second, first], "node 2: its parent is not the node before it"],
  ])("refuses %s", (_, nodes, rule) => {
    expect(() => checkChain(nodes)).toThrow(
      expect.objectContaining({ code: "broken_chain", message: `broken chain: ${rule}` }),
    );
  });
});
