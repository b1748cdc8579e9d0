/** Text that breaks careless stores: what can be kept is kept to the letter, what cannot be is replaced and counted. */
import { randomBytes, randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { allBackends } from "../support/backends.ts";
import { type Stack, useStack } from "../support/stack.ts";
import { turnBody } from "../support/turn-body.ts";

interface ReadTurn {
  readonly replacedChars: number;
  readonly nodes: readonly { readonly role: string; readonly content: readonly Record<string, unknown>[] }[];
}

async function storeAndRead(stack: Stack, org: string, body: string): Promise<ReadTurn> {
  const receipt = await stack.post(body);
  const { state, sessionId, turnId } = await stack.settle(receipt);
  expect(state).toBe("stored");
  return stack.read<ReadTurn>(`/v1/sessions/${sessionId}/turns/${turnId}?org_id=${org}`);
}

describe.each(allBackends())("hostile text on $name", (backend) => {
  const stack = useStack(backend);

  it.each([
    ["4-byte characters", "👩‍💻 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 🏴‍☠️"],
    ["right-to-left text with marks", "مرحبا \u202eעולם\u202c ‏abc‎"],
    ["the six characters written out", String.raw`const nul = "\u0000"; const lone = "\ud800";`],
    [
      "control characters, separators and a byte order mark",
      "\u0001\u0007\u001f\u007f\u2028\u2029\ufeff\u0085",
    ],
    ["SQL, JSON and shell", `'; DROP TABLE nodes; -- {"a":"\\"} $(rm -rf /) %s \\x00 {a,b} NULL`],
    ["Chinese, Devanagari, combining marks", "你好，世界 नमस्ते e\u0301\u0323 한국어"],
  ])("%s are stored and read back to the letter", async (_name, text) => {
    const org = randomUUID();
    const turn = await storeAndRead(
      stack,
      org,
      turnBody({ org, session: text, messages: [{ role: "user", content: text }], answer: text }),
    );
    expect(turn.nodes.map((node) => node.content)).toEqual([
      [{ type: "text", text }],
      [{ type: "text", text }],
    ]);
    expect(turn.replacedChars).toBe(0);
  });

  it("NUL and lone surrogates are replaced in keys and values, and counted", async () => {
    const org = randomUUID();
    const turn = await storeAndRead(
      stack,
      org,
      turnBody({
        org,
        messages: [{ role: "user", content: "a\u0000b\ud800c😀" }],
        response: {
          message: {
            role: "assistant",
            content: [
              {
                type: "tool_use",
                tool_use_id: "t1",
                tool_name: "Bash",
                tool_input: { "k\u0000": ["\udc00", "ok"] },
              },
            ],
          },
        },
      }),
    );
    expect(turn.nodes[0]?.content).toEqual([{ type: "text", text: "a\ufffdb\ufffdc😀" }]);
    expect(turn.nodes[1]?.content[0]?.["tool_input"]).toEqual({ "k\ufffd": ["\ufffd", "ok"] });
    expect(turn.replacedChars).toBe(4);
  });

  it("NUL in every other field that a client may fill costs no turn", async () => {
    const org = randomUUID();
    const nul = "x\u0000y";
    const body = JSON.parse(turnBody({ org, session: nul, harness: nul })) as Record<string, object>;
    const { state } = await stack.settle(
      await stack.post(
        JSON.stringify({
          ...body,
          agent_name: nul,
          response: { ...body["response"], model: nul, stop_reason: nul, extra: { [nul]: nul } },
          session: {
            ...body["session"],
            auth_subject: nul,
            cwd: nul,
            name: nul,
            harness_version: nul,
            parent_harness_session_id: nul,
            parent_harness_id: "other",
            harness_metadata: { [nul]: nul },
          },
          meta: { request_id: nul, upstream_request_id: nul, thread_id: nul, ts_request: nul },
        }),
      ),
    );
    expect(state).toBe("stored");
  });

  it.each([
    ["30 MB that compress well", () => "line of a build log\n".repeat(1_500_000)],
    ["30 MB that do not compress", () => randomBytes(15_000_000).toString("hex")],
    ["30 MB of characters of three bytes", () => "語".repeat(10_000_000)],
  ])("a tool output of %s is stored and read back", async (_name, make) => {
    const org = randomUUID();
    const output = make();
    const turn = await storeAndRead(
      stack,
      org,
      turnBody({
        org,
        messages: [{ role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: output }] }],
      }),
    );
    expect(turn.nodes[0]?.content[0]?.["tool_output"] === output).toBe(true);
    expect(turn.replacedChars).toBe(0);
  });
});
