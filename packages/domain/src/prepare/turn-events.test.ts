import { describe, expect, it } from "vitest";
import type { Block } from "../providers/block.ts";
import type { TurnFacts } from "./prepared-turn.ts";
import { type HashedMessage, listTurnEvents } from "./turn-events.ts";

const facts: TurnFacts = {
  rootHash: "root",
  headHash: "head",
  chainLength: 3,
  provider: "anthropic",
  model: "claude-sonnet-4-5",
  agentName: undefined,
  stopReason: "end_turn",
  inputTokens: 10,
  outputTokens: 2,
  cacheCreationInputTokens: 3,
  cacheReadInputTokens: 4,
  costUsd: "0.5",
  durationMs: 120,
  requestId: "req-1",
  upstreamRequestId: undefined,
  threadId: undefined,
  occurredAt: undefined,
  replacedChars: 0,
  extra: undefined,
};

const text = (words: string): Block => ({ type: "text", text: words });
const call = (id: string, name: string): Block => ({
  type: "tool_use",
  tool_use_id: id,
  tool_name: name,
  tool_input: { path: "a.ts" },
});
const result = (id: string, output: string, isError?: boolean): Block => ({
  type: "tool_result",
  tool_result_id: id,
  tool_output: output,
  is_error: isError,
});
const say = (role: string, ...content: Block[]): HashedMessage => ({ role, content, hash: "" });

/** List the events of a request and its response; each message's hash is its position, `n0`, `n1`, … */
function eventsOf(request: readonly HashedMessage[], response = say("assistant", text("done"))) {
  const messages = [...request, response].map((message, index) => ({ ...message, hash: `n${index}` }));
  return listTurnEvents(messages, facts);
}

/** What came in, in short: type, node and what tells one from another. */
function inputOf(request: readonly HashedMessage[]): string[] {
  return eventsOf(request)
    .slice(0, -2)
    .map(({ eventType, nodeHash, metadata }) => {
      const subject = "toolUseId" in metadata ? metadata.toolUseId : "role" in metadata ? metadata.role : "";
      return `${eventType} ${nodeHash} ${subject}`;
    });
}

describe("the input of a turn", () => {
  it("is everything, on a first turn", () => {
    expect(inputOf([say("system", text("be brief")), say("user", text("hi"))])).toEqual([
      "message_received n0 system",
      "message_received n1 user",
    ]);
  });

  it("is what follows the last assistant message", () => {
    const request = [
      say("user", text("one")),
      say("assistant", text("two")),
      say("user", text("three")),
      say("developer", text("four")),
    ];
    expect(inputOf(request)).toEqual(["message_received n2 user", "message_received n3 developer"]);
  });

  it("is what stands before a prefill, of one message or of several", () => {
    const request = [say("user", text("one")), say("assistant", text("two")), say("user", text("three"))];
    const prefilled = [...request, say("assistant", text("{")), say("assistant", text('"a"'))];
    expect(inputOf(prefilled)).toEqual(["message_received n2 user"]);
  });

  it("is nothing when a request holds nothing but assistant messages, or no message at all", () => {
    expect(inputOf([say("assistant", text("a")), say("assistant", text("b"))])).toEqual([]);
    expect(inputOf([])).toEqual([]);
  });

  it("keeps roles that are no sender's to itself", () => {
    expect(inputOf([say("function", text("x")), say("user", text("y"))])).toEqual([
      "message_received n1 user",
    ]);
  });

  it("counts a message without content as received", () => {
    expect(eventsOf([say("user")])[0]).toEqual({
      eventType: "message_received",
      metadata: { role: "user", preview: "", sizeChars: 0 },
      nodeHash: "n0",
    });
  });
});

describe("tool results", () => {
  it("take their names from the calls that they answer, in the order in which they came", () => {
    const events = eventsOf([
      say("user", text("go")),
      say("assistant", text("I look."), call("t1", "Read"), call("t2", "Bash")),
      say("user", result("t2", "no such file", true), result("t1", "line 1")),
    ]);
    expect(events.slice(0, 2)).toEqual([
      {
        eventType: "tool_call_failed",
        metadata: { toolUseId: "t2", toolName: "Bash", preview: "no such file", sizeChars: 12 },
        nodeHash: "n2",
      },
      {
        eventType: "tool_call_completed",
        metadata: { toolUseId: "t1", toolName: "Read", preview: "line 1", sizeChars: 6 },
        nodeHash: "n2",
      },
    ]);
  });

  it("stand for their message when it holds nothing else, and beside it when it does", () => {
    const before = [say("user", text("go")), say("assistant", call("t1", "Read"))];
    expect(inputOf([...before, say("user", result("t1", "x"))])).toEqual(["tool_call_completed n2 t1"]);
    expect(inputOf([...before, say("user", result("t1", "x"), text("and hurry"))])).toEqual([
      "message_received n2 user",
      "tool_call_completed n2 t1",
    ]);
  });

  it("of separate tool messages that answer separate call messages find every name", () => {
    const request = [
      say("user", text("go")),
      say("assistant", { type: "thinking", thinking: "hm" }),
      say("assistant", call("c1", "shell")),
      say("assistant", call("c2", "apply_patch")),
      say("tool", result("c1", "ok")),
      say("tool", result("c2", "ok")),
    ];
    const events = eventsOf(request);
    expect(inputOf(request)).toEqual(["tool_call_completed n4 c1", "tool_call_completed n5 c2"]);
    expect(events.slice(0, 2).map(({ metadata }) => "toolName" in metadata && metadata.toolName)).toEqual([
      "shell",
      "apply_patch",
    ]);
  });

  it("without a call of theirs in the turn have no name", () => {
    const [event] = eventsOf([
      say("assistant", call("t1", "Read")),
      say("user", text("no, wait")),
      say("assistant", text("yes?")),
      say("user", result("t1", "late")),
    ]);
    expect(event?.metadata).toEqual({ toolUseId: "t1", preview: "late", sizeChars: 4 });
  });

  it("without an id or an output are told all the same", () => {
    const [event] = eventsOf([say("tool", { type: "tool_result" })]);
    expect(event).toEqual({
      eventType: "tool_call_completed",
      metadata: { toolUseId: "", preview: "", sizeChars: 0 },
      nodeHash: "n0",
    });
  });
});

describe("the response of a turn", () => {
  it("starts its tools, is sent, and then the turn is complete", () => {
    const response = say(
      "assistant",
      text("I look."),
      call("t1", "Read"),
      { type: "server_tool_use", tool_use_id: "s1", tool_name: "web_search" },
      text("Wait."),
    );
    expect(eventsOf([say("user", text("go"))], response).slice(1)).toEqual([
      {
        eventType: "tool_call_started",
        metadata: { toolUseId: "t1", toolName: "Read", inputPreview: '{"path":"a.ts"}' },
        nodeHash: "n1",
      },
      {
        eventType: "tool_call_started",
        metadata: { toolUseId: "s1", toolName: "web_search", inputPreview: "" },
        nodeHash: "n1",
      },
      {
        eventType: "message_sent",
        metadata: { role: "assistant", preview: "I look.\nWait.", sizeChars: 13, stopReason: "end_turn" },
        nodeHash: "n1",
      },
      {
        eventType: "turn_completed",
        metadata: {
          headHash: "head",
          model: "claude-sonnet-4-5",
          provider: "anthropic",
          stopReason: "end_turn",
          inputTokens: 10,
          outputTokens: 2,
          cacheCreationInputTokens: 3,
          cacheReadInputTokens: 4,
          costUsd: "0.5",
          durationMs: 120,
          chainLength: 3,
          requestId: "req-1",
        },
        nodeHash: "head",
      },
    ]);
  });

  it("leaves out what is not known, except that an unknown cost is null", () => {
    const bare = {
      ...facts,
      stopReason: undefined,
      durationMs: undefined,
      requestId: undefined,
      costUsd: null,
    };
    const [, completed] = listTurnEvents([{ ...say("assistant", text("x")), hash: "n0" }], bare);
    expect(Object.keys(completed?.metadata ?? {})).not.toContain("stopReason");
    expect(Object.keys(completed?.metadata ?? {})).not.toContain("durationMs");
    expect(completed?.metadata).toMatchObject({ costUsd: null });
  });

  it("previews a long tool input without cutting a character in half", () => {
    const input = { text: "🐞".repeat(300) };
    const response = say("assistant", { ...call("t1", "Write"), tool_input: input });
    const [started] = eventsOf([], response);
    const preview =
      started !== undefined && "inputPreview" in started.metadata && started.metadata.inputPreview;
    expect(preview).toBe(`{"text":"${"🐞".repeat(191)}`);
  });
});

it("no message gives no event", () => {
  expect(listTurnEvents([], facts)).toEqual([]);
});

describe("what a list cannot show of a turn", () => {
  it("is cut in ids, names and roles, between characters, alike in call and result", () => {
    const long = "é".repeat(5_000);
    const request = [say("user"), say("assistant", call(long, long)), say("user", result(long, "x"))];
    const events = eventsOf(request, { ...say("assistant", call(long, long)), role: long });
    const cut = "é".repeat(2_048);
    expect(events.map(({ metadata }) => metadata)).toMatchObject([
      { toolUseId: cut, toolName: cut },
      { toolUseId: cut, toolName: cut },
      { role: cut },
      {},
    ]);
  });

  it("are events beyond what one transaction writes, which the end of the turn counts", () => {
    const calls = Array.from({ length: 12_000 }, (_none, at) => call(`c${at}`, "Read"));
    const events = eventsOf([say("user", text("go"))], say("assistant", ...calls));
    expect(events).toHaveLength(10_000);
    expect(events.slice(-2).map(({ eventType }) => eventType)).toEqual(["message_sent", "turn_completed"]);
    expect(events.at(-1)?.metadata).toMatchObject({ eventsLeftOut: 2_003 });
    expect(eventsOf([say("user", text("go"))]).at(-1)?.metadata).not.toHaveProperty("eventsLeftOut");
  });

  it("costs no more than a look at each call and each result", () => {
    const calls = Array.from({ length: 60_000 }, (_none, at) => call(`c${at}`, "Read"));
    const results = Array.from({ length: 60_000 }, (_none, at) => result(`r${at}`, "x"));
    const { user } = process.cpuUsage();
    eventsOf([say("assistant", ...calls), say("user", ...results)]);
    expect((process.cpuUsage().user - user) / 1_000).toBeLessThan(3_000);
  });
});
