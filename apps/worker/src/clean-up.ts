import { isAppError } from "@turnpike/domain/errors";
import type { Log } from "@turnpike/domain/ports/ports";
import type { Consumer } from "@turnpike/queue/consumer/consumer";

/** What a clean-up works on. */
export interface CleanUpDeps {
  readonly consumer: Pick<Consumer, "sweep">;
  readonly deadLetters: {
    /** @returns how many letters were tidied; 0 when there is nothing left to do. */
    tidy(): Promise<number>;
  };
  readonly log: Log;
}

/** What a clean-up has found. */
export interface CleanUpResult {
  /** Entries and payloads beside the queue that belonged to no job any more, and jobs that had no entry. */
  readonly swept: number;
  /** Dead letters whose turn has been stored since. */
  readonly tidied: number;
}

/** Remove what crashes have left beside the queue, and the jobs of dead letters that are stored by now. What is away is left for the next time. */
export async function cleanUp({ consumer, deadLetters, log }: CleanUpDeps): Promise<CleanUpResult> {
  const swept = await consumer.sweep().catch((error: unknown) => say(log, "sweep", error));
  const tidied = await deadLetters.tidy().catch((error: unknown) => say(log, "tidy", error));
  const found = swept === undefined ? 0 : swept.released + swept.orphanPayloads + swept.adopted;
  if (found > 0)
    log.warn(
      { event: "swept", ...swept },
      "something was left beside the queue: a process had died, stood still or lost the queue",
    );
  if (tidied) log.info({ event: "tidied", letters: tidied }, "dead letters were replayed and stored");
  return { swept: found, tidied: tidied ?? 0 };
}

function say(log: Log, step: string, error: unknown): undefined {
  log.warn({ step, code: isAppError(error) ? error.code : "internal" }, "clean-up put off");
}
