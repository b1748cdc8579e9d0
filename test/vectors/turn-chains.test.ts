import type { JsonValue } from "@turnpike/domain/json/json";
import { canonicalNode } from "@turnpike/domain/chain/node-hash";
import type { Provider } from "@turnpike/domain/providers/provider";
import { readTurnBody } from "@turnpike/domain/turn/turn-body";
import { buildChain, checkChain } from "@turnpike/domain/chain/turn-chain";
import { describe, expect, it } from "vitest";
import { readVectors } from "./read-vectors.ts";

interface ChainVector {
  readonly id: string;
  readonly provider: Provider;
  readonly request: string;
  readonly response: string;
  readonly chain: readonly { readonly role: string; readonly hash: string; readonly canonical: string }[];
}

const vectors = readVectors<ChainVector>("turn-chains.jsonl");

describe("the turn chain vectors", () => {
  it("are 600, of every provider", () => {
    expect(vectors).toHaveLength(600);
    expect(new Set(vectors.map(({ provider }) => provider))).toEqual(
      new Set(["anthropic", "openai", "ollama"]),
    );
  });

  it.each(vectors)("$id ($provider)", ({ provider, request, response, chain }) => {
    const turn = readTurnBody({ provider, request: parse(request), response: parse(response) });

    const nodes = buildChain([...turn.messages, turn.response.message]);

    checkChain(nodes);
    const built = nodes.map((node) => ({
      role: node.role,
      hash: node.hash,
      canonical: canonicalNode(node, node.parentHash),
    }));
    expect(built).toEqual(chain);
  });
});

const parse = (text: string): JsonValue => JSON.parse(text) as JsonValue;
