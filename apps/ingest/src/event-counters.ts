import type { ErrorCode } from "@turnpike/domain/errors";
import { Counter, type Registry } from "@turnpike/kit/process/metrics";

/** Counts lifecycle events that were taken, and posts of them that were not. */
export interface EventCounters {
  accepted(events: number): void;
  rejected(code: ErrorCode): void;
}

/** Register the counters of events. */
export function createEventCounters(registry: Registry): EventCounters {
  const accepted = new Counter({
    name: "turnpike_events_accepted_total",
    help: "Lifecycle events that are durable in the queue.",
    registers: [registry],
  });
  const rejected = new Counter({
    name: "turnpike_event_posts_rejected_total",
    help: "Posts of lifecycle events that were refused, by error code.",
    labelNames: ["code"],
    registers: [registry],
  });
  return {
    accepted: (events) => accepted.inc(events),
    rejected: (code) => rejected.inc({ code }),
  };
}
