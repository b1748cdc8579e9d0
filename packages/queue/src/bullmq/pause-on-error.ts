import type { Worker } from "bullmq";
import type { Pauses } from "../consumer/pause-reasons.ts";

const REST_MS = 500;

/**
 * Let a running worker rest after an error. While a server starts, or drops its connections, a busy worker would otherwise ask
 * again at once, thousands of times a second (measured on 2026-11-21, bullmq 6.7.0 on Postgres).
 */
export function restOnError(worker: Worker, pauses: Pauses): void {
  let isResting = false;
  worker.on("error", () => {
    if (isResting || worker.closing !== undefined) return;
    isResting = true;
    pauses.begin("resting");
    setTimeout(() => {
      isResting = false;
      pauses.end("resting");
    }, REST_MS).unref();
  });
}
