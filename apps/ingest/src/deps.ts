import type { TurnQueue } from "@turnpike/domain/ports/ports";
import type { BodyHistory } from "@turnpike/domain/conversation-cache/conversation-cache";
import type { Logger } from "@turnpike/kit/process/logger";
import type { Registry } from "@turnpike/kit/process/metrics";
import type { BodyLimits } from "@turnpike/kit/body/read-body";
import type { Producer } from "@turnpike/queue/producer/producer";
import type { BodyMemory } from "./memory-limiter.ts";
import type { EventCounters } from "./event-counters.ts";
import type { TurnCounters } from "./turn-counters.ts";

/** The queue, and where it can tell, what it refused. */
export type IngestQueue = TurnQueue & Partial<Pick<Producer, "refusals">>;

/** What the ingest app is made of. */
export interface IngestDeps {
  readonly queue: IngestQueue;
  /** Of all bodies that are received at a time. */
  readonly maxInflightBytes: number;
  readonly logger: Logger;
  readonly limits: BodyLimits;
  readonly registry: Registry;
  /** Tells whether a stop has begun, so that nothing new is routed here. */
  readonly isStopping: () => boolean;
}

/** What a route is made of. */
export interface RouteDeps extends IngestDeps {
  readonly memory: BodyMemory;
  /** Of what was received before. */
  readonly history: BodyHistory;
  readonly counters: TurnCounters;
  readonly eventCounters: EventCounters;
}
