/** One turn of the demo, as a capture client would post it. */
export type DemoTurn = Readonly<Record<string, unknown>>;

interface Block {
  readonly type: string;
  readonly text?: string;
  readonly thinking?: string;
  readonly signature?: string;
  readonly id?: string;
  readonly name?: string;
  readonly input?: object;
  readonly [key: string]: unknown;
}

interface DemoMessage {
  readonly role: string;
  readonly content: string | readonly Block[];
}

interface DemoFacts {
  readonly harness: string;
  readonly session: string;
  readonly name: string;
  readonly parent?: { readonly harness: string; readonly session: string };
  /** Time of day, UTC. */
  readonly at: string;
  readonly seconds: number;
  /** Prompt tokens, those of both cache counters included. */
  readonly input: number;
  readonly cached?: number;
  readonly written?: number;
  readonly output: number;
}

/** Make a turn of the Anthropic Messages API; the last message is its response. */
export function anthropicTurn(facts: DemoFacts, messages: readonly DemoMessage[]): DemoTurn {
  const response = messages.at(-1);
  const content = typeof response?.content === "string" ? [] : (response?.content ?? []);
  const stopReason = content.some((block) => block.type === "tool_use") ? "tool_use" : "end_turn";
  return {
    provider: "anthropic",
    agent_name: facts.harness,
    request: { model: "claude-sonnet-4-5", max_tokens: 4_096, messages: messages.slice(0, -1) },
    response: {
      ...reduced(facts, "claude-sonnet-4-5", stopReason),
      message: { role: "assistant", content: content.map(toReducedBlock) },
    },
    ...surroundings(facts),
  };
}

/** Make a turn of the OpenAI Responses API. */
export function openAiTurn(facts: DemoFacts, input: readonly DemoMessage[], answer: string): DemoTurn {
  return {
    provider: "openai",
    agent_name: facts.harness,
    request: {
      model: "gpt-5-codex",
      instructions: "You review changes.",
      input: input.map((message) => ({
        type: "message",
        role: message.role,
        content: [{ type: "input_text", text: message.content }],
      })),
    },
    response: {
      ...reduced(facts, "gpt-5-codex", "stop"),
      message: { role: "assistant", content: [{ type: "text", text: answer }] },
    },
    ...surroundings(facts),
  };
}

function toReducedBlock(block: Block) {
  if (block.type === "tool_use") {
    return { type: block.type, tool_use_id: block.id, tool_name: block.name, tool_input: block.input };
  }
  if (block.type === "thinking") {
    return { type: block.type, thinking: block.thinking, thinking_signature: block.signature };
  }
  return { type: block.type, text: block.text };
}

function reduced(facts: DemoFacts, model: string, stopReason: string) {
  return {
    model,
    created_at: `2026-01-15T${facts.at}Z`,
    done: true,
    stop_reason: stopReason,
    usage: {
      prompt_tokens: facts.input,
      completion_tokens: facts.output,
      total_tokens: facts.input + facts.output,
      cache_creation_input_tokens: facts.written ?? 0,
      cache_read_input_tokens: facts.cached ?? 0,
    },
  };
}

function surroundings(facts: DemoFacts) {
  return {
    session: {
      org_id: "",
      auth_subject: "demo",
      harness_id: facts.harness,
      harness_session_id: facts.session,
      name: facts.name,
      cwd: "/home/demo/shop",
      ...(facts.parent === undefined
        ? {}
        : { parent_harness_id: facts.parent.harness, parent_harness_session_id: facts.parent.session }),
    },
    meta: {
      request_id: `${facts.session}-${facts.at}`,
      elapsed_seconds: facts.seconds,
      ts_request: `2026-01-15T${facts.at}Z`,
    },
  };
}
