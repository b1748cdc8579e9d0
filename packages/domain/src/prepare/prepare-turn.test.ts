import { describe, expect, it } from "vitest";
import { NIL_UUID } from "../turn/envelope.ts";
import { isAppError } from "../errors.ts";
import { prepareTurn } from "./prepare-turn.ts";

const receipt = "0199f7a2-6c7e-7cc3-98c4-dc0c0c07398f";

const turn = {
  provider: "anthropic",
  agent_name: "claude",
  request: { model: "m", messages: [{ role: "user", content: "one" }] },
  response: {
    model: "claude-sonnet-4-5",
    message: { role: "assistant", content: [{ type: "text", text: "two" }] },
    usage: { prompt_tokens: 1_000, completion_tokens: 100 } as Record<string, number>,
  },
  session: { harness_id: "claude", harness_session_id: "s1" } as Record<string, unknown> | undefined,
};

type Body = typeof turn & { meta?: Record<string, unknown> };

const prepare = (body: unknown, orgId: string = NIL_UUID) =>
  prepareTurn({ receipt, orgId, body: typeof body === "string" ? body : JSON.stringify(body) });
const withResponse = (more: Record<string, unknown>): unknown => ({
  ...turn,
  response: { ...turn.response, ...more },
});
const withMeta = (meta: Record<string, unknown>): Body => ({ ...turn, meta });

describe("a prepared turn", () => {
  it("is a function of its body", () => {
    const body = JSON.stringify(withMeta({ captured_at: "2026-11-21T07:10:00Z", elapsed_seconds: 1.5 }));
    expect(prepare(body)).toEqual(prepare(body));
  });

  it("has the receipt and the org that it was given, whatever its envelope says", () => {
    const orgId = "3f1c9d52-7a44-4c0e-9b1e-5d7a0f4e2c11";
    expect(prepare({ ...turn, session: { org_id: NIL_UUID } }, orgId)).toMatchObject({ receipt, orgId });
  });

  it("has one node per message, the response last", () => {
    const { nodes, facts } = prepare(turn);
    expect(nodes.map((node) => node.role)).toEqual(["user", "assistant"]);
    expect(nodes.map((node) => node.parentHash)).toEqual([null, nodes[0]?.hash]);
    expect(facts).toMatchObject({ rootHash: nodes[0]?.hash, headHash: nodes[1]?.hash, chainLength: 2 });
  });

  it("without an envelope has neither session nor events", () => {
    for (const session of [undefined, null]) {
      expect(prepare({ ...turn, session })).toMatchObject({ session: undefined, events: [] });
    }
  });

  it.each([
    ["not JSON", "{", "invalid_envelope"],
    ["of an unknown provider", { ...turn, provider: "acme" }, "unsupported_provider"],
    ["with a request of the wrong shape", { ...turn, request: { messages: 7 } }, "unparsable_request"],
    ["without a response", { ...turn, response: undefined }, "invalid_response"],
  ])("%s is refused for good", (_name, body, code) => {
    let error: unknown;
    try {
      prepare(body);
    } catch (reason) {
      error = reason;
    }
    expect(isAppError(error) && error.code).toBe(code);
  });
});

describe("its session", () => {
  it("is the harness's own, or one made of the chain's root when that gives none", () => {
    const { facts } = prepare(turn);
    const synthetic = facts.rootHash.slice(0, 16);
    expect(prepare(turn).session?.harnessSessionId).toBe("s1");
    expect(prepare({ ...turn, session: { harness_id: "claude" } }).session).toMatchObject({
      harnessId: "claude",
      harnessSessionId: synthetic,
    });
    expect(prepare({ ...turn, session: { harness_session_id: "s1" } }).session).toMatchObject({
      harnessId: "unknown",
      harnessSessionId: synthetic,
    });
  });

  it("has a parent of its own harness unless another one is named", () => {
    const session = { ...turn.session, parent_harness_session_id: "p1" };
    expect(prepare({ ...turn, session }).session?.parent).toEqual({
      harnessId: "claude",
      harnessSessionId: "p1",
    });
    expect(prepare({ ...turn, session: { ...session, parent_harness_id: "codex" } }).session?.parent).toEqual(
      {
        harnessId: "codex",
        harnessSessionId: "p1",
      },
    );
    expect(prepare(turn).session?.parent).toBeUndefined();
  });
});

describe("its time", () => {
  it("is the first that can be read, of the request's, the capture's and the response's", () => {
    const times = { ts_request: "2026-11-21T07:10:00.5+01:00", captured_at: "2026-11-21T08:00:00Z" };
    expect(prepare(withMeta(times)).facts.occurredAt).toBe("2026-11-21T07:10:00.5+01:00");
    expect(prepare(withMeta({ ...times, ts_request: "noon" })).facts.occurredAt).toBe("2026-11-21T08:00:00Z");
    expect(prepare(withResponse({ created_at: "2026-11-21T09:00:00Z" })).facts.occurredAt).toBe(
      "2026-11-21T09:00:00Z",
    );
    expect(prepare(turn).facts.occurredAt).toBeUndefined();
  });

  it.each([
    "2026-11-21",
    "2026-13-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "2026-11-21T07:10:00",
    "1732172400",
  ])("is not %s, which costs nobody the turn", (captured_at) => {
    expect(prepare(withMeta({ captured_at })).facts.occurredAt).toBeUndefined();
  });
});

describe("its duration", () => {
  it("is the capture's, or else the provider's, in whole milliseconds", () => {
    const usage = { ...turn.response.usage, total_duration_ns: 2_500_600_000 };
    expect(prepare(withMeta({ elapsed_seconds: 1.2345 })).facts.durationMs).toBe(1_235);
    expect(prepare(withResponse({ usage })).facts.durationMs).toBe(2_501);
    expect(
      prepare({ ...turn, response: { ...turn.response, usage }, meta: { elapsed_seconds: 0 } }).facts,
    ).toMatchObject({ durationMs: 0 });
    expect(prepare(turn).facts.durationMs).toBeUndefined();
  });

  it.each([-1, 1e300, 4e9])("is not %d seconds", (elapsed_seconds) => {
    expect(prepare(withMeta({ elapsed_seconds })).facts.durationMs).toBeUndefined();
  });
});

describe("its cost", () => {
  it("is that of the model's tokens", () => {
    // 1,000 x 3 + 100 x 15 micro-dollars
    expect(prepare(turn).facts).toMatchObject({ inputTokens: 1_000, outputTokens: 100, costUsd: "0.0045" });
  });

  it("is null for an unknown model, and when there is no usage", () => {
    expect(prepare(withResponse({ model: "llama3.2" })).facts.costUsd).toBeNull();
    expect(prepare(withResponse({ usage: undefined })).facts).toMatchObject({
      costUsd: null,
      inputTokens: 0,
      outputTokens: 0,
      cacheReadInputTokens: 0,
    });
  });

  it("is of the price at the turn's own time", () => {
    const at = (captured_at: string) =>
      prepare({ ...withMeta({ captured_at }), response: { ...turn.response, model: "o3" } }).facts.costUsd;
    expect(Number(at("2025-06-09T00:00:00Z"))).toBeGreaterThan(Number(at("2025-06-11T00:00:00Z")));
  });
});

describe("what cannot be stored", () => {
  const dirty = String.raw`\u0000 \ud83d 🐞`;
  const body = JSON.stringify(turn)
    .replace('"one"', `"${dirty}"`)
    .replace('"s1"', String.raw`"s\u00001"`);

  it("is replaced and counted, in the nodes, the facts and the events", () => {
    const { nodes, facts, session, events } = prepare(body);
    expect(facts.replacedChars).toBe(3);
    expect(nodes[0]?.content).toEqual([{ type: "text", text: "\ufffd \ufffd 🐞" }]);
    expect(session?.harnessSessionId).toBe("s\ufffd1");
    expect(JSON.stringify([nodes, events, session])).not.toMatch(/\\u0000|\\ud83d/);
  });

  it("is hashed as it came", () => {
    const [root] = prepare(body).nodes;
    const replaced = body.replaceAll(String.raw`\u0000`, "\ufffd");
    expect(root?.hash).not.toBe(prepare(replaced).nodes[0]?.hash);
  });

  it("is left alone when it is only written about", () => {
    const { facts, nodes } = prepare(JSON.stringify(turn).replace('"one"', String.raw`"\\u0000"`));
    expect(facts.replacedChars).toBe(0);
    expect(nodes[0]?.content).toEqual([{ type: "text", text: String.raw`\u0000` }]);
  });
});
