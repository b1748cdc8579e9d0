/** The timeline as a store keeps it: append-only, numbered per session without a gap, readable from any number on. */
import type { JsonObject } from "../json/json.ts";
import type { SessionFacts } from "../prepare/prepared-turn.ts";

/** An event as it is stored. */
export interface StoredEvent {
  /** 1, 2, 3, … within the session. */
  readonly sequence: number;
  readonly id: string;
  readonly eventType: string;
  /** ISO 8601, UTC, microseconds; strictly increasing with the sequence. */
  readonly createdAt: string;
  readonly occurredAt: string | null;
  readonly metadata: JsonObject;
  readonly runId: string | null;
  readonly message: string | null;
  readonly nodeHash: string | null;
  readonly turnId: string | null;
  /**
   * Where it is read in pages: the sizes in bytes of what was too large, by its name. `metadata` is empty then, `message` null, and
   * an id, a kind or a hash is cut to its beginning.
   */
  readonly truncated?: Readonly<Record<string, number>>;
}

/** An event that somebody wants stored. */
export interface NewEvent {
  /** The client's own id, unique within the session; one is minted when absent. */
  readonly id?: string | undefined;
  readonly eventType: string;
  /** RFC 3339, the client's clock; never used for order. */
  readonly occurredAt?: string | undefined;
  readonly runId?: string | undefined;
  readonly message?: string | undefined;
  readonly metadata?: JsonObject | undefined;
}

/** Which events of a session are wanted; conditions are joined by AND. */
export interface EventFilter {
  /** Exclusive lower bound of the sequence. */
  readonly after?: number | undefined;
  /** Exclusive upper bound of the sequence. */
  readonly before?: number | undefined;
  /** Any of these; all when absent. */
  readonly eventTypes?: readonly string[] | undefined;
  readonly runId?: string | undefined;
  /** RFC 3339, exclusive, against `createdAt`. */
  readonly since?: string | undefined;
}

/** A page of events. */
export interface EventQuery extends EventFilter {
  readonly limit: number;
  /** With `before` and no `after`, either order gives the page nearest below the cursor. Default `asc`. */
  readonly order?: "asc" | "desc" | undefined;
}

/** A page of events with what is needed to go on from it. */
export interface EventPage {
  readonly events: readonly StoredEvent[];
  /** Of the session, filter or not; from the same snapshot as the events. 0 when there is none. */
  readonly latestSequence: number;
  /** Whether more events match in the direction of the page. A page may hold fewer than its limit: its bytes are bounded too. */
  readonly hasMore: boolean;
  /** What to give as `after` next: everything up to it has been looked at. */
  readonly nextAfter: number;
}

/** A session with a run and events, stored all together or not at all. */
export interface SessionFlush {
  readonly orgId: string;
  readonly session: SessionFacts;
  readonly run?: { readonly id: string; readonly metadata?: JsonObject | undefined } | undefined;
  readonly events: readonly NewEvent[];
}

/** Stores and follows timelines. */
export interface EventStore {
  /**
   * Append events with contiguous numbers in their order. An id that is there already gives the stored event and takes no
   * number, also when two appends race.
   * @throws AppError `not_found` for an unknown session, `event_conflict` when an id is there with another body; then none
   *   of the events is appended.
   */
  append(orgId: string, sessionId: string, events: readonly NewEvent[]): Promise<StoredEvent[]>;
  /** 0 when there is no event or no such session. */
  latestSequence(orgId: string, sessionId: string): Promise<number>;
  /** Empty for an unknown session. */
  get(orgId: string, sessionId: string, query: EventQuery): Promise<StoredEvent[]>;
  /** Wait until events match, or the time is up: then empty. */
  wait(orgId: string, sessionId: string, query: EventQuery, options: WaitOptions): Promise<StoredEvent[]>;
  /** Give every matching event in order, those of now and those to come, until `before` is reached or the signal aborts. */
  stream(
    orgId: string,
    sessionId: string,
    filter: EventFilter,
    signal: AbortSignal,
  ): AsyncIterable<StoredEvent>;
  /**
   * Store a session's facts, a run and events, all or nothing.
   * @throws AppError `event_conflict`; then nothing of it is stored.
   */
  flush(flush: SessionFlush): Promise<{ readonly sessionId: string; readonly events: StoredEvent[] }>;
}

/** How long to wait. */
export interface WaitOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}
