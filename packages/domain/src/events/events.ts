/**
 * The closed list of events that a turn emits, each with the type of its metadata (timeline contract, section 2).
 * Harnesses may send further types of their own; those pass through with whatever metadata they carry.
 */

/** Metadata by event type. Absent facts are left out, never null, except where null says "unknown". */
export interface EventMetadata {
  session_created: {
    harnessId: string;
    harnessSessionId: string;
    harnessVersion?: string;
    cwd?: string;
    name?: string;
    parentSessionId?: string;
  };
  parent_link_refused: { parentSessionId: string; reason: "cycle" };
  message_received: { role: string; preview: string; sizeChars: number };
  tool_call_completed: { toolUseId: string; toolName?: string; preview: string; sizeChars: number };
  tool_call_failed: { toolUseId: string; toolName?: string; preview: string; sizeChars: number };
  tool_call_started: { toolUseId: string; toolName: string; inputPreview: string };
  message_sent: { role: string; preview: string; sizeChars: number; stopReason?: string };
  turn_completed: {
    headHash: string;
    model: string;
    provider: string;
    stopReason?: string;
    inputTokens: number;
    outputTokens: number;
    cacheCreationInputTokens: number;
    cacheReadInputTokens: number;
    /** Decimal US dollars; null when the model has no known price. */
    costUsd: string | null;
    durationMs?: number;
    chainLength: number;
    requestId?: string;
  };
}

/** A type of event that Turnpike itself emits. */
export type EventType = keyof EventMetadata;

/** One event before it has a number: its type, that type's metadata, and the node it speaks of. */
export type DraftEvent = {
  [T in EventType]: {
    readonly eventType: T;
    readonly metadata: EventMetadata[T];
    readonly nodeHash?: string;
  };
}[EventType];
