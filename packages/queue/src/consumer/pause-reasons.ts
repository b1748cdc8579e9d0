/** Why a running worker takes no jobs for the moment. Several parts may have reasons at a time: it goes on when none is left. */
import type { Worker } from "bullmq";

/** One of the reasons. */
export type PauseReason = "resting" | "held";

/** Lets a worker pause for as long as anybody has a reason. */
export interface Pauses {
  begin(reason: PauseReason): void;
  end(reason: PauseReason): void;
}

/** Make it for a worker that runs or is about to. */
export function createPauses(worker: Pick<Worker, "pause" | "resume" | "closing">): Pauses {
  const reasons = new Set<PauseReason>();
  return {
    begin(reason) {
      const isFirst = reasons.size === 0;
      reasons.add(reason);
      // Jobs that run are not waited for.
      if (isFirst) worker.pause(true).catch(() => {});
    },
    end(reason) {
      if (!reasons.delete(reason) || reasons.size > 0 || worker.closing !== undefined) return;
      worker.resume().catch(() => {});
    },
  };
}
