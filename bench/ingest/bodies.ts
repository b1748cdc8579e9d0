/**
 * The bodies of the benchmark: agent sessions whose every turn re-sends its whole history, 800 characters from the user, then
 * 1,200 of answer and 2,000 of tool output per turn. Texts depend on the name of the session alone, so yardstick and
 * product work on the same ones, whatever order they are made in, and no two sessions share a message.
 */
import { createHash } from "node:crypto";

/** How many turns a session has, and with that how large its bodies are on average. */
export const TURNS_OF_SIZE = { "35k": 20, "170k": 100 } as const;

/** An average size of a body. */
export type Size = keyof typeof TURNS_OF_SIZE;

const USER_CHARS = 800;
const ASSISTANT_CHARS = 1_200;
const TOOL_CHARS = 2_000;
const MODEL = "claude-sonnet-4-6";
const WORDS =
  "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna aliqua ".split(
    " ",
  );

/** Write the bodies of a session, one turn after the other. */
export function* writeBodies(tag: string, session: number, turns: number): Generator<string> {
  const name = `${tag}-${session}`;
  const random = createRandom(name);
  const messages: unknown[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    messages.push(turn === 0 ? userMessage(random) : toolResult(random, turn));
    const text = writeText(random, ASSISTANT_CHARS);
    const id = `t${turn + 1}`;
    const input = { command: `ls ${turn}` };
    yield JSON.stringify({
      provider: "anthropic",
      request: { model: MODEL, max_tokens: 4096, stream: true, messages },
      response: {
        model: MODEL,
        message: {
          role: "assistant",
          content: [
            { type: "text", text },
            { type: "tool_use", tool_use_id: id, tool_name: "Bash", tool_input: input },
          ],
        },
        done: true,
        stop_reason: "tool_use",
        usage: { prompt_tokens: 1000 + turn, completion_tokens: 100, total_tokens: 1100 + turn },
      },
      meta: { request_id: `${name}-${turn}` },
      session: {
        org_id: "",
        auth_subject: "u",
        harness_id: "claude",
        harness_session_id: name,
      },
    });
    messages.push({
      role: "assistant",
      content: [
        { type: "text", text },
        { type: "tool_use", id, name: "Bash", input },
      ],
    });
  }
}

function userMessage(random: () => number): unknown {
  return { role: "user", content: writeText(random, USER_CHARS) };
}

function toolResult(random: () => number, turn: number): unknown {
  const content = writeText(random, TOOL_CHARS);
  return { role: "user", content: [{ type: "tool_result", tool_use_id: `t${turn}`, content }] };
}

/** Words with numbers between them: deflates to a bit less than half, as conversations do. */
function writeText(random: () => number, chars: number): string {
  let text = "";
  while (text.length < chars) {
    text += `${WORDS[Math.floor(random() * WORDS.length)]}${Math.floor(random() * 1e6).toString(36)} `;
  }
  return text.slice(0, chars);
}

/** Mulberry32: small, and without the short cycles that would make the texts of some sessions repeat themselves. */
function createRandom(name: string): () => number {
  let state = createHash("sha256").update(name).digest().readInt32LE();
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
