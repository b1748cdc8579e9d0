import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "@turnpike/domain/ports";

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 2_000;

/**
 * Open something that may be away, again and again until it opens or the signal aborts. Says so once when it is away and
 * once when it is back.
 * @throws AbortError when the signal aborts first.
 */
export async function keepOpening<T>(open: () => Promise<T>, signal: AbortSignal, log: Log): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      const opened = await open();
      if (attempt > 0) log.info({ attempt }, "queue is reachable again");
      return opened;
    } catch (error) {
      if (attempt === 0) log.warn({ reason: nameOf(error) }, "queue is not reachable; trying until it is");
      await sleep(Math.min(FIRST_DELAY_MS * 2 ** Math.min(attempt, 10), MAX_DELAY_MS), undefined, { signal });
    }
  }
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
