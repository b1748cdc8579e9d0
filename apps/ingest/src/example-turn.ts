/** A turn that is accepted when it is posted as it stands. */
export const exampleTurn = {
  provider: "anthropic",
  agent_name: "claude",
  request: {
    model: "claude-sonnet-4-5",
    max_tokens: 1024,
    messages: [{ role: "user", content: "How many legs has a spider?" }],
  },
  response: {
    model: "claude-sonnet-4-5",
    message: { role: "assistant", content: [{ type: "text", text: "Eight." }] },
    stop_reason: "end_turn",
    usage: { prompt_tokens: 14, completion_tokens: 5, total_tokens: 19 },
  },
  session: {
    auth_subject: "ada@example.com",
    harness_id: "claude",
    harness_session_id: "spiders-1",
    cwd: "/home/ada/zoo",
  },
  meta: { request_id: "req_011CU", elapsed_seconds: 1.25 },
} as const;
