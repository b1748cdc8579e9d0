/** What the apps need of the world, by capability. `store` and `queue` implement these; nothing here does I/O. */
import type { MessageList } from "../conversation-cache/conversation-cache.ts";
import type { ErrorCode } from "../errors.ts";
import type { PreparedEvents } from "../prepare/prepare-events.ts";
import type { PreparedSessionTurn, TurnFacts } from "../prepare/prepared-turn.ts";
import type { ChainNode } from "../chain/turn-chain.ts";

/** A body that was validated and is about to become durable in the queue. */
export interface AcceptedBody {
  /** UUIDv7; the job's id in the queue and the client's handle on what it sent. */
  readonly receipt: string;
  readonly orgId: string;
  readonly requestId: string;
  /** ISO 8601, the ingest process's clock. */
  readonly acceptedAt: string;
  /** The body as received: JSON text, or the UTF-8 of it, which is not written again on its way. */
  readonly body: string | Buffer;
}

/** An accepted turn. */
export type AcceptedTurn = AcceptedBody;

/** An accepted post of lifecycle events. */
export type AcceptedEvents = AcceptedBody;

/** An accepted body on its way into the queue. */
export interface BodyToEnqueue extends AcceptedBody {
  /** Names what it belongs to, which is best kept together in the queue; when absent it belongs to nothing else. */
  readonly group?: string | undefined;
  /** Where its messages lie in the bytes of the body, which the next of its group is likely to repeat; absent when that is not known. */
  readonly list?: MessageList | undefined;
}

/** The producing side of the queue, as the ingest app sees it. */
export interface TurnQueue {
  /**
   * Make turns durable, all or none; resolved means that they survive a crash of every process of ours.
   * @throws AppError `queue_unavailable` within a few seconds when the queue is full, away or hangs.
   */
  enqueue(turns: readonly BodyToEnqueue[]): Promise<void>;
  /**
   * The same for posts of lifecycle events.
   * @throws AppError `queue_unavailable`.
   */
  enqueueEvents(posts: readonly BodyToEnqueue[]): Promise<void>;
  /**
   * Ask the queue for a sign of life.
   * @throws AppError `queue_unavailable` within a few seconds.
   */
  ping(): Promise<void>;
}

/** Where one turn ended up. The first result of a receipt is final: asking again gives the same. */
export type TurnResult =
  | {
      readonly outcome: "stored";
      readonly sessionId: string;
      readonly turnId: string;
      /** The event numbers that the turn took, inclusive. */
      readonly firstSequence: number;
      readonly lastSequence: number;
    }
  /** The session holds a turn with this head already; nothing was counted and no event was written. */
  | { readonly outcome: "duplicate"; readonly sessionId: string; readonly turnId: string };

/** What became of one post of lifecycle events. The first result of a receipt is final, as for a turn. */
export type EventsResult =
  | {
      readonly outcome: "stored";
      readonly sessionId: string;
      /** The event numbers that the post took, inclusive; of events that were there before it took none. */
      readonly firstSequence: number;
      readonly lastSequence: number;
    }
  /** Every one of the events was there already. */
  | { readonly outcome: "duplicate"; readonly sessionId: string };

/** A node as it is put on its own, outside a session. */
export interface LooseNode extends ChainNode {
  readonly orgId: string;
  readonly provider: string;
  readonly agentName: string | undefined;
  /** What only the node of a response knows. */
  readonly response: Pick<TurnFacts, "model" | "stopReason" | "inputTokens" | "outputTokens"> | undefined;
}

/** A store that keeps nodes and receipts, and no sessions. */
export interface NodeStore {
  readonly capability: "nodes";
  /** Put one node; putting it again changes nothing. Parents go first. */
  putNode(node: LooseNode): Promise<void>;
  /** Record that a turn without a session is stored, by its head; recording it again changes nothing. */
  putReceipt(receipt: LooseReceipt): Promise<void>;
}

/** The receipt of a turn that belongs to no session. */
export interface LooseReceipt {
  readonly orgId: string;
  readonly receipt: string;
  readonly headHash: string;
}

/** A store that can write whole turns of sessions, each exactly once. */
export interface SessionStore extends Omit<NodeStore, "capability"> {
  readonly capability: "sessions";
  /**
   * Write turns in one transaction, all or none, and answer in their order. Safe in any order, at any concurrency,
   * any number of times.
   * @throws AppError `store_unavailable` or `store_contention` when trying again may help, `store_rejected` when not, `store_failed`
   *   when nobody can say.
   */
  ingestTurns(turns: readonly PreparedSessionTurn[]): Promise<TurnResult[]>;
  /**
   * Write a post of lifecycle events, with its session and the runs that it names, in one transaction: all or none. Safe
   * any number of times.
   * @throws AppError `event_conflict` when an id is there with another body; `store_unavailable` or `store_contention`
   *   when trying again may help, `store_rejected` when not, `store_failed` when nobody can say.
   */
  ingestEvents(post: PreparedEvents): Promise<EventsResult>;
}

/** What the worker writes to. The compiler asks for the capability before it lets sessions be written. */
export type TurnStore = NodeStore | SessionStore;

/** A job that failed for good, as it is kept for a person to look at. Times are ISO 8601, the worker's clock. */
export interface DeadLetter {
  readonly orgId: string;
  readonly receipt: string;
  /** As it was found in the queue: one that no worker knows is a reason to be here. */
  readonly jobName: string;
  readonly code: ErrorCode;
  /** Text that Postgres can store. */
  readonly reason: string;
  /** How often the job was tried since it was put into the queue, last by a replay. */
  readonly attempts: number;
  readonly firstFailedAt: string;
  readonly lastFailedAt: string;
  readonly acceptedAt: string | undefined;
  readonly requestId: string | undefined;
  /** The job as `queue` serialised it; opaque to the store. A replay takes it back. */
  readonly job: Uint8Array;
  /** False when the body was gone already: of a job that ran twice at once, the other run may have kept it. */
  readonly isWhole: boolean;
}

/** Where jobs go that fail for good. */
export interface DeadLetterStore {
  /**
   * Keep a dead letter; `settled` when nothing was written, for the receipt has its row, or a letter that holds more. Safe any
   * number of times and at any concurrency: there is one letter per receipt.
   * @throws AppError `store_unavailable` or `store_contention` when trying again may help, `store_rejected` when not.
   */
  put(letter: DeadLetter): Promise<"dead" | "settled">;
}

/** Where a part that runs by itself says what happened to it; pino's shape. */
export interface Log {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}
