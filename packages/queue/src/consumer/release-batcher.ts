/**
 * Collects the ids of jobs that have completed and releases them together. What is lost on the way, with the process or with
 * the connection, a sweep finds.
 */
import type { Log } from "@turnpike/domain/ports/ports";

/** Takes ids one by one. */
export interface ReleaseBatcher {
  add(jobId: string): void;
  /** Release what has been collected, and wait for it. */
  flush(): Promise<void>;
  /** Count the ids that were released. */
  released(): number;
}

const MAX_WAIT_MS = 50;
const MAX_IDS = 500;

/** Make a batcher. */
export function createReleaseBatcher(options: {
  readonly release: (jobIds: readonly string[]) => Promise<unknown>;
  readonly log: Log;
}): ReleaseBatcher {
  let collected: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  let released = 0;
  const running = new Set<Promise<void>>();

  const start = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const jobIds = collected;
    collected = [];
    if (jobIds.length === 0) return;
    const done = options
      .release(jobIds)
      .then(
        () => {
          released += jobIds.length;
        },
        () => options.log.warn({ jobs: jobIds.length }, "jobs not released; a sweep will find them"),
      )
      .finally(() => running.delete(done));
    running.add(done);
  };

  return {
    add(jobId) {
      collected.push(jobId);
      if (collected.length >= MAX_IDS) start();
      else timer ??= setTimeout(start, MAX_WAIT_MS);
    },
    async flush() {
      start();
      await Promise.all(running);
    },
    released: () => released,
  };
}
