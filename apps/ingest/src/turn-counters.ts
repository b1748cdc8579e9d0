import type { ErrorCode } from "@turnpike/domain/errors";
import { Counter, type Registry } from "@turnpike/kit/process/metrics";

/** Counts turns, not requests: a batch carries many. */
export interface TurnCounters {
  accepted(turns: number): void;
  rejected(code: ErrorCode): void;
}

/** Register the counters of turns. */
export function createTurnCounters(registry: Registry): TurnCounters {
  const accepted = new Counter({
    name: "turnpike_turns_accepted_total",
    help: "Turns that are durable in the queue.",
    registers: [registry],
  });
  const rejected = new Counter({
    name: "turnpike_turns_rejected_total",
    help: "Turns that were refused, by error code.",
    labelNames: ["code"],
    registers: [registry],
  });
  return {
    accepted: (turns) => accepted.inc(turns),
    rejected: (code) => rejected.inc({ code }),
  };
}
