import type { Logger } from "./logger.ts";

/** One part of a stop. */
export interface ShutdownStep {
  readonly name: string;
  /**
   * Do it within the time given.
   * @returns false when something had to be cut off.
   */
  run(deadlineMs: number): Promise<boolean | void>;
}

/** How much of the time that is left a step may take, so that those after it have some too. */
const STEP_SHARE = 0.8;

/** How to stop. */
export interface ShutdownOptions {
  /** In this order, one after the other; a failing step does not keep the next from running. */
  readonly steps: readonly ShutdownStep[];
  /** For all steps together. */
  readonly deadlineMs: number;
  readonly logger: Logger;
}

const signals = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Stop in order on the first SIGTERM or SIGINT, then exit: 0 when every step ended in time and cut nothing off, else 1. A second
 * signal exits at once with 130 (SIGINT) or 143 (SIGTERM).
 */
export function onShutdown({ steps, deadlineMs, logger }: ShutdownOptions): void {
  let isStopping = false;
  const stop = async (signal: string): Promise<void> => {
    logger.info({ event: "shutdown_begun", signal, deadlineMs }, "stopping");
    // Not unref'd: it is what ends a step that hangs.
    const timer = setTimeout(() => {
      logger.error({ event: "shutdown_deadline" }, "the deadline passed; exiting");
      process.exit(1);
    }, deadlineMs);
    const deadline = performance.now() + deadlineMs;
    let isClean = true;
    for (const step of steps) {
      try {
        const leftMs = Math.max(0, deadline - performance.now());
        if ((await step.run(leftMs * STEP_SHARE)) === false) isClean = false;
      } catch (err) {
        isClean = false;
        logger.error({ event: "shutdown_step_failed", step: step.name, err }, "a step of the stop failed");
      }
    }
    clearTimeout(timer);
    logger.info({ event: "shutdown_done", isClean }, "stopped");
    process.exit(isClean ? 0 : 1);
  };

  for (const [signal, exitCode] of Object.entries(signals)) {
    process.on(signal, () => {
      if (isStopping) process.exit(exitCode);
      isStopping = true;
      void stop(signal);
    });
  }
}
