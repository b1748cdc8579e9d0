import type { TurnQueue } from "@turnpike/domain/ports";
import type { Logger } from "@turnpike/kit/logger";
import type { Registry } from "@turnpike/kit/metrics";
import type { BodyLimits } from "@turnpike/kit/read-body";
import type { EventCounters } from "./event-counters.ts";
import type { TurnCounters } from "./turn-counters.ts";

/** What the ingest app is made of. */
export interface IngestDeps {
  readonly queue: TurnQueue;
  readonly logger: Logger;
  readonly limits: BodyLimits;
  readonly registry: Registry;
  /** Tells whether a stop has begun, so that nothing new is routed here. */
  readonly isStopping: () => boolean;
}

/** What a route is made of. */
export interface RouteDeps extends IngestDeps {
  readonly counters: TurnCounters;
  readonly eventCounters: EventCounters;
}
