import { describe, expect, it } from "vitest";
import { type BodyHistory, createBodyHistory } from "../conversation-cache/conversation-cache.ts";
import { NIL_UUID } from "../turn/envelope.ts";
import { prepareTurn } from "./prepare-turn.ts";
import type { PreparedTurn } from "./prepared-turn.ts";

const receipt = "0199f7a2-6c7e-7cc3-98c4-dc0c0c07398f";

/** How one provider writes a message of a request. */
const writers: Readonly<Record<string, (at: number) => object>> = {
  anthropic: (at) =>
    at % 2 === 0
      ? { role: "user", content: [{ type: "tool_result", tool_use_id: `t${at}`, content: textOf(at) }] }
      : {
          role: "assistant",
          content: [
            { type: "text", text: textOf(at) },
            { type: "tool_use", id: `t${at + 1}`, name: "Bash", input: { command: "ls", nested: [{ at }] } },
          ],
        },
  openai: (at) =>
    at % 2 === 0
      ? { role: "tool", tool_call_id: `t${at}`, content: textOf(at) }
      : { role: "assistant", content: textOf(at), tool_calls: [toolCall(at, '{"at":1}')] },
  ollama: (at) => ({ role: "user", content: textOf(at), tool_calls: [toolCall(at, { at })] }),
};

function textOf(at: number): string {
  // The third holds what Postgres cannot.
  return `${at} ${at === 2 ? "a \0 b \ud83d" : "שלום 🐞"} `.repeat(60);
}

function toolCall(at: number, args: unknown): object {
  return { id: `c${at}`, function: { name: "f", arguments: args } };
}

function bodyOf(provider: string, list: string, messages: readonly object[]): Buffer {
  return Buffer.from(
    JSON.stringify({
      provider,
      request: { model: "m", [list]: messages },
      response: {
        model: "m",
        message: { role: "assistant", content: [{ type: "text", text: `answer ${messages.length}` }] },
      },
      session: { harness_id: "h", harness_session_id: "s-1" },
    }),
  );
}

/** Whoever changes what is shared throws. */
function frozen(history: BodyHistory): BodyHistory {
  const freeze = (value: unknown): void => {
    if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  };
  return {
    parse(bytes) {
      const parsed = history.parse(bytes);
      freeze(parsed.body);
      return parsed;
    },
  };
}

const plainly = (turn: PreparedTurn): PreparedTurn => ({
  ...turn,
  nodes: turn.nodes.map(({ hash, parentHash, role, content }) => ({ hash, parentHash, role, content })),
});

describe("a turn that is prepared with a history of earlier bodies", () => {
  it.each([
    ["anthropic", "messages"],
    ["openai", "messages"],
    ["openai", "input"],
    ["ollama", "messages"],
  ])("is what it is without one, and changes nothing that is shared: %s, %s", (provider, list) => {
    const history = frozen(createBodyHistory({ maxBytes: 2 ** 24 }));
    const write = writers[provider] as (at: number) => object;
    const talk = Array.from({ length: 14 }, (_unused, at) => write(at));
    const fork = [...talk.slice(0, 5), { role: "user", content: "another way" }, ...talk.slice(6)];
    const lengths = [10, 12, 14, 13, 4, 14];
    for (const messages of [talk, fork, talk].flatMap((all) =>
      lengths.map((length) => all.slice(0, length)),
    )) {
      const body = bodyOf(provider, list, messages);
      const raw = { receipt, orgId: NIL_UUID, body };
      expect(plainly(prepareTurn(raw, history))).toEqual(prepareTurn(raw));
      expect(prepareTurn(raw)).toEqual(prepareTurn({ ...raw, body: body.toString() }));
    }
  });
});
