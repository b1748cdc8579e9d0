/**
 * Which events a turn emits. They depend on the turn alone, never on what was stored before it, so that the set of a
 * session's events is the same whatever order its turns arrive in. Ids and names are cut to what a list can show; the nodes have them
 * whole.
 */
import type { Block, Message } from "../providers/block.ts";
import type { DraftEvent } from "../events/events.ts";
import { cutText } from "../json/json-size.ts";
import { previewOf } from "./preview.ts";
import type { TurnFacts } from "./prepared-turn.ts";
import { MAX_NAME_BYTES, MAX_TURN_EVENTS } from "../turn/turn-limits.ts";

const RECEIVED_ROLES: ReadonlySet<string> = new Set(["user", "system", "developer"]);

/** A message of a turn, with the hash of its node. */
export interface HashedMessage extends Message {
  readonly hash: string;
}

/**
 * List the events of a turn, cause before effect: what came in, the tools called, the message sent, the turn's end.
 * @param messages every message of the chain, root to leaf; the last one is the response.
 */
export function listTurnEvents(messages: readonly HashedMessage[], facts: TurnFacts): DraftEvent[] {
  const response = messages.at(-1);
  if (response === undefined) return [];
  const { input, calls } = splitInput(messages.slice(0, -1));
  const toolNames = toolNamesOf(input, calls);
  const events = [
    ...input.flatMap((message) => [...receivedEvent(message), ...toolResultEvents(message, toolNames)]),
    ...toolStartEvents(response),
  ];
  // No real turn: all of it is in the nodes.
  const shown = events.slice(0, MAX_TURN_EVENTS - 2);
  const completed = completedEvent(facts, events.length - shown.length);
  return [...shown, sentEvent(response, facts), completed];
}

/**
 * The input of a turn is what follows the last assistant message of its request; assistant messages at the very end
 * are a prefill and left aside. `calls` are the assistant messages that the input answers.
 */
function splitInput(request: readonly HashedMessage[]): { input: HashedMessage[]; calls: HashedMessage[] } {
  const end = request.findLastIndex((message) => message.role !== "assistant") + 1;
  const start = request.slice(0, end).findLastIndex((message) => message.role === "assistant") + 1;
  const callsStart = request.slice(0, start).findLastIndex((message) => message.role !== "assistant") + 1;
  return { input: request.slice(start, end), calls: request.slice(callsStart, start) };
}

/** A message that holds nothing but tool results is reported by these alone. */
function receivedEvent(message: HashedMessage): DraftEvent[] {
  if (!RECEIVED_ROLES.has(message.role)) return [];
  const isToolAnswer = message.content.length > 0 && message.content.every(isToolResult);
  if (isToolAnswer) return [];
  const text = textOf(message);
  return [
    {
      eventType: "message_received",
      metadata: { role: message.role, preview: previewOf(text), sizeChars: text.length },
      nodeHash: message.hash,
    },
  ];
}

function toolResultEvents(message: HashedMessage, toolNames: ToolNames): DraftEvent[] {
  return message.content.filter(isToolResult).map((block) => {
    const toolUseId = block.tool_result_id ?? block.tool_use_id ?? "";
    const toolName = toolNames.get(toolUseId);
    const output = block.tool_output ?? "";
    return {
      eventType: block.is_error === true ? "tool_call_failed" : "tool_call_completed",
      metadata: {
        toolUseId: cutText(toolUseId, MAX_NAME_BYTES),
        ...(toolName === undefined ? {} : { toolName: cutText(toolName, MAX_NAME_BYTES) }),
        preview: previewOf(output),
        sizeChars: output.length,
      },
      nodeHash: message.hash,
    };
  });
}

function toolStartEvents(response: HashedMessage): DraftEvent[] {
  return response.content.filter(isToolUse).map((block) => ({
    eventType: "tool_call_started",
    metadata: {
      toolUseId: cutText(block.tool_use_id ?? "", MAX_NAME_BYTES),
      toolName: cutText(block.tool_name ?? "", MAX_NAME_BYTES),
      inputPreview: previewOf(JSON.stringify(block.tool_input) ?? ""),
    },
    nodeHash: response.hash,
  }));
}

function sentEvent(response: HashedMessage, facts: TurnFacts): DraftEvent {
  const text = textOf(response);
  return {
    eventType: "message_sent",
    metadata: {
      role: cutText(response.role, MAX_NAME_BYTES),
      preview: previewOf(text),
      sizeChars: text.length,
      ...(facts.stopReason === undefined ? {} : { stopReason: facts.stopReason }),
    },
    nodeHash: response.hash,
  };
}

function completedEvent(facts: TurnFacts, eventsLeftOut: number): DraftEvent {
  return {
    eventType: "turn_completed",
    metadata: {
      headHash: facts.headHash,
      model: facts.model,
      provider: facts.provider,
      ...(facts.stopReason === undefined ? {} : { stopReason: facts.stopReason }),
      inputTokens: facts.inputTokens,
      outputTokens: facts.outputTokens,
      cacheCreationInputTokens: facts.cacheCreationInputTokens,
      cacheReadInputTokens: facts.cacheReadInputTokens,
      costUsd: facts.costUsd,
      ...(facts.durationMs === undefined ? {} : { durationMs: facts.durationMs }),
      chainLength: facts.chainLength,
      ...(facts.requestId === undefined ? {} : { requestId: facts.requestId }),
      ...(eventsLeftOut === 0 ? {} : { eventsLeftOut }),
    },
    nodeHash: facts.headHash,
  };
}

const isToolResult = (block: Block): boolean =>
  block.type === "tool_result" || block.type === "web_search_tool_result";

const isToolUse = (block: Block): boolean => block.type === "tool_use" || block.type === "server_tool_use";

function textOf(message: Message): string {
  return message.content
    .map((block) => block.text ?? "")
    .filter((text) => text !== "")
    .join("\n");
}

type ToolNames = ReadonlyMap<string | undefined, string | undefined>;

/** The names of the tools by the ids of their calls; of two calls of one id the first. Read only where there are results. */
function toolNamesOf(input: readonly HashedMessage[], calls: readonly HashedMessage[]): ToolNames {
  const names = new Map<string | undefined, string | undefined>();
  if (!input.some(({ content }) => content.some(isToolResult))) return names;
  for (const { content } of calls)
    for (const { tool_use_id: id, tool_name: name } of content) if (!names.has(id)) names.set(id, name);
  return names;
}
