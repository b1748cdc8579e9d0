/** A turn with everything computed that does not need the store: its chain, its facts and the events it emits. */
import type { ChainNode } from "../chain/turn-chain.ts";
import type { DraftEvent } from "../events/events.ts";
import type { JsonObject } from "../json/json.ts";
import type { Provider } from "../providers/provider.ts";

/** By what a session is known within its org. */
export interface SessionKey {
  readonly harnessId: string;
  readonly harnessSessionId: string;
}

/** What an envelope says of its session; absent facts are undefined and never erase known ones. */
export interface SessionFacts extends SessionKey {
  readonly parent: SessionKey | undefined;
  /** Empty when not known. */
  readonly authSubject: string;
  readonly harnessVersion: string | undefined;
  readonly cwd: string | undefined;
  readonly name: string | undefined;
  readonly metadata: JsonObject;
}

/** What is stored of a turn beside its nodes. */
export interface TurnFacts {
  readonly rootHash: string;
  readonly headHash: string;
  /** Number of nodes, root to head. */
  readonly chainLength: number;
  readonly provider: Provider;
  readonly model: string;
  readonly agentName: string | undefined;
  readonly stopReason: string | undefined;
  /** Includes both cache counters. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheCreationInputTokens: number;
  readonly cacheReadInputTokens: number;
  /** Decimal US dollars, at most 12 decimals; null when the model has no known price or usage is absent. */
  readonly costUsd: string | null;
  readonly durationMs: number | undefined;
  /** The capture client's own id of the exchange, not the id of our HTTP request. */
  readonly requestId: string | undefined;
  readonly upstreamRequestId: string | undefined;
  readonly threadId: string | undefined;
  /** RFC 3339, the client's clock; never used for order. */
  readonly occurredAt: string | undefined;
  /** UTF-16 units that the store cannot hold and that were replaced by U+FFFD. */
  readonly replacedChars: number;
  readonly extra: JsonObject | undefined;
}

/** A turn that is ready to be written. */
export interface PreparedTurn {
  readonly receipt: string;
  readonly orgId: string;
  /** Undefined when the turn came without an envelope. */
  readonly session: SessionFacts | undefined;
  readonly facts: TurnFacts;
  /** Root to head. Contents are storable; hashes are those of the contents as received. */
  readonly nodes: readonly ChainNode[];
  readonly events: readonly DraftEvent[];
}

/** A prepared turn that belongs to a session. */
export interface PreparedSessionTurn extends PreparedTurn {
  readonly session: SessionFacts;
}
