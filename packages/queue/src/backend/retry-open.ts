import { setTimeout as sleep } from "node:timers/promises";
import { isAppError } from "@turnpike/domain/errors";
import type { Log } from "@turnpike/domain/ports/ports";

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
      if (attempt === 0) log.warn(describe(error), "queue is not reachable; trying until it is");
      await sleep(Math.min(FIRST_DELAY_MS * 2 ** Math.min(attempt, 10), MAX_DELAY_MS), undefined, { signal });
    }
  }
}

function describe(error: unknown): { readonly reason: string; readonly detail?: string } {
  if (!(error instanceof Error)) return { reason: "unknown" };
  // A driver's message may hold a host, or worse; our own says what is to be done.
  if (isAppError(error)) return { reason: error.code, detail: error.message };
  return { reason: "code" in error && typeof error.code === "string" ? error.code : error.name };
}
