/** Bodies of turns for tests, as a capture client would post them. */

/** A message of the request, in Anthropic's shape. */
export interface TestMessage {
  readonly role: string;
  readonly content: unknown;
}

/** What a test wants to say of a turn; everything else is filled in. */
export interface TurnWish {
  readonly org?: string;
  readonly harness?: string;
  readonly session?: string;
  /** Null leaves the envelope out. */
  readonly envelope?: Readonly<Record<string, unknown>> | null;
  readonly messages?: readonly TestMessage[];
  /** The response's text. */
  readonly answer?: string;
  readonly response?: Readonly<Record<string, unknown>>;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
}

/** Make the body of one turn. */
export function turnBody(wish: TurnWish = {}): string {
  const { inputTokens = 100, outputTokens = 10 } = wish;
  return JSON.stringify({
    provider: "anthropic",
    request: {
      model: "claude-sonnet-4-5",
      max_tokens: 1024,
      messages: wish.messages ?? [{ role: "user", content: "hello" }],
    },
    response: {
      model: "claude-sonnet-4-5",
      message: { role: "assistant", content: [{ type: "text", text: wish.answer ?? "hi" }] },
      stop_reason: "end_turn",
      usage: {
        prompt_tokens: inputTokens,
        completion_tokens: outputTokens,
        total_tokens: inputTokens + outputTokens,
      },
      ...wish.response,
    },
    ...(wish.envelope === null
      ? {}
      : {
          session: {
            org_id: wish.org ?? "",
            harness_id: wish.harness ?? "claude",
            harness_session_id: wish.session ?? "session-1",
            ...wish.envelope,
          },
        }),
  });
}

/** How to make a conversation. */
export interface ConversationWish {
  readonly org?: string;
  readonly session?: string;
  readonly turns: number;
  /** After this many turns the user goes back to the start of that turn and asks something else, once. */
  readonly forkAt?: number;
}

/** Make the bodies of a whole conversation with tool calls, each re-sending its history, as harnesses do. */
export function conversation(wish: ConversationWish): string[] {
  const { turns, forkAt } = wish;
  const bodies: string[] = [];
  const history: TestMessage[] = [{ role: "user", content: "Find the bug. 🐞 Где ошибка?" }];
  const base = {
    ...(wish.org === undefined ? {} : { org: wish.org }),
    ...(wish.session === undefined ? {} : { session: wish.session }),
  };
  for (let turn = 1; turn <= turns; turn += 1) {
    if (turn === forkAt) {
      const forked = [...history.slice(0, -1), { role: "user", content: "Stop: explain instead." }];
      bodies.push(turnBody({ ...base, messages: forked, answer: "It is off by one.", inputTokens: 50 }));
    }
    const id = `toolu_${turn}`;
    const response = {
      message: {
        role: "assistant",
        content: [
          { type: "text", text: `Step ${turn}: I look at file ${turn}.` },
          {
            type: "tool_use",
            tool_use_id: id,
            tool_name: "Read",
            tool_input: { file_path: `src/${turn}.ts` },
          },
        ],
      },
      stop_reason: "tool_use",
    };
    bodies.push(
      turnBody({ ...base, messages: [...history], response, inputTokens: 100 + turn, outputTokens: turn }),
    );
    history.push(
      {
        role: "assistant",
        content: [
          { type: "text", text: `Step ${turn}: I look at file ${turn}.` },
          { type: "tool_use", id, name: "Read", input: { file_path: `src/${turn}.ts` } },
        ],
      },
      {
        role: "user",
        content: [
          {
            type: "tool_result",
            tool_use_id: id,
            is_error: turn % 5 === 0,
            content: `line ${turn}\n`.repeat(20),
          },
        ],
      },
    );
  }
  return bodies;
}
