import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Block, Message } from "./block.ts";
import { createChainMemory } from "./chain-memory.ts";
import type { JsonValue } from "./json.ts";
import { isSameMessage } from "./same-message.ts";
import { buildChain } from "./turn-chain.ts";

// Few words, so that equal messages, and messages that differ in one field, come up often.
const word = fc.constantFrom("", "a", "b", " a ", "<status>x</status>", "é\u0301");
const json = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<JsonValue>;
const object = fc.dictionary(fc.constantFrom("a", "b", "__proto__"), json, { maxKeys: 2 });
const block: fc.Arbitrary<Block> = fc.record(
  {
    type: fc.constantFrom("text", "tool_use", "tool_result"),
    text: word,
    tool_output: word,
    tool_use_id: word,
    is_error: fc.boolean(),
    tool_input: object,
    content: json,
  },
  { requiredKeys: ["type"] },
);
const message: fc.Arbitrary<Message> = fc.record({
  role: fc.constantFrom("user", "assistant"),
  content: fc.array(block, { maxLength: 3 }),
});
const conversation = fc.array(message, { minLength: 1, maxLength: 6 });
const copy = (message: Message): Message => structuredClone(message);
const copyOf = (messages: readonly Message[]): Message[] => messages.map(copy);

describe("buildChain with a memory", () => {
  it("gives the chain that it gives without one, whatever was seen before", () => {
    const memory = createChainMemory({ maxChars: 5_000 });
    fc.assert(
      fc.property(fc.array(conversation, { maxLength: 4 }), (conversations) => {
        for (const messages of [...conversations, ...conversations]) {
          expect(buildChain(copyOf(messages), memory)).toEqual(buildChain(messages));
        }
      }),
    );
  });

  it("takes the hash of a known message under a known parent from it, and of no other", () => {
    const memory = createChainMemory({ maxChars: 5_000 });
    const [first, second] = [
      { role: "user", content: [{ type: "text", text: "one" }] },
      { role: "assistant", content: [{ type: "text", text: "two" }] },
    ];
    memory.remember("", first, "the hash of one");
    memory.remember("the hash of one", second, "the hash of two");

    const chain = buildChain(copyOf([first, second] as Message[]), memory);
    expect(chain.map(({ hash }) => hash)).toEqual(["the hash of one", "the hash of two"]);
    expect(memory.find("another parent", second as Message)).toBeUndefined();
    expect(memory.find("the hash of one", { ...(second as Message), role: "user" })).toBeUndefined();
  });
});

describe("createChainMemory", () => {
  it("forgets what was not asked for lately, and keeps what was", () => {
    const memory = createChainMemory({ maxChars: 4_000 });
    const messages = Array.from({ length: 5 }, (_, at) => ({
      role: "user",
      content: [{ type: "text", text: `${at}`.repeat(700) }],
    }));
    for (const [at, each] of messages.entries()) {
      memory.remember("", each, `hash ${at}`);
      memory.find("", copy(messages[0] as Message));
    }
    const found = messages.map((each) => memory.find("", copy(each))?.hash);
    expect(found).toEqual(["hash 0", undefined, undefined, "hash 3", "hash 4"]);
  });

  it("gives back the message that it keeps, not the one that it was asked for", () => {
    const memory = createChainMemory({ maxChars: 4_000 });
    const kept = { role: "user", content: [{ type: "text", text: "hello" }] };
    memory.remember("parent", kept, "hash");
    expect(memory.find("parent", copy(kept))?.message).toBe(kept);
  });

  it("keeps the last one of messages under one parent, and never takes one for the other", () => {
    const memory = createChainMemory({ maxChars: 4_000 });
    const [one, other] = ["one", "other"].map((text) => ({
      role: "user",
      content: [{ type: "text", text }],
    }));
    memory.remember("parent", one as Message, "hash of one");
    memory.remember("parent", other as Message, "hash of other");
    expect(memory.find("parent", copy(one as Message))).toBeUndefined();
    expect(memory.find("parent", copy(other as Message))?.hash).toBe("hash of other");
  });

  it("keeps nothing that is larger than all of it", () => {
    const memory = createChainMemory({ maxChars: 1_000 });
    const large = { role: "user", content: [{ type: "text", text: "x".repeat(1_000) }] };
    memory.remember("", large, "hash");
    expect(memory.find("", copy(large))).toBeUndefined();
  });
});

describe("isSameMessage", () => {
  it("agrees with a comparison of the messages' JSON, keys in any order", () => {
    // An object becomes one with a single key, so that it is never taken for an array.
    const sorted = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(sorted);
      if (value === null || typeof value !== "object") return value;
      const entries = Object.entries(value).filter(([, each]) => each !== undefined);
      return {
        entries: entries
          .sort(([left], [right]) => (left < right ? -1 : 1))
          .map(([key, each]) => [key, sorted(each)]),
      };
    };
    fc.assert(
      fc.property(message, message, (left, right) => {
        expect(isSameMessage(left, copyOf([left])[0] as Message)).toBe(true);
        expect(isSameMessage(left, right)).toBe(
          JSON.stringify(sorted(left)) === JSON.stringify(sorted(right)),
        );
      }),
      { numRuns: 500 },
    );
  });
});
