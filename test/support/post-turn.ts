import { randomUUID } from "node:crypto";
import { type Agent, request } from "node:http";

/** How a turn is posted. */
export interface PostOptions {
  /** Default one that serves this turn alone. */
  readonly agent?: Agent;
  /** Of its message, about; default 36. */
  readonly bytes?: number;
}

/** Post a turn that nobody posted before; 0 when the connection was closed without an answer. */
export function postTurn(url: string, org: string, { agent, bytes = 0 }: PostOptions = {}): Promise<number> {
  const body = JSON.stringify({
    provider: "anthropic",
    request: {
      model: "m",
      messages: [{ role: "user", content: randomUUID().padEnd(bytes, " lorem ipsum") }],
    },
    response: { model: "m", message: { role: "assistant", content: [{ type: "text", text: "ok" }] } },
    session: { org_id: org, harness_id: "test", harness_session_id: "many" },
  });
  return new Promise((resolve) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const sent = request(`${url}/v1/ingest`, { method: "POST", headers, agent: agent ?? false }, (answer) => {
      answer.resume().once("close", () => resolve(answer.statusCode ?? 0));
    });
    sent.once("error", () => resolve(0));
    sent.end(body);
  });
}
